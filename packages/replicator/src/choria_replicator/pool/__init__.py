"""The pool: many workers share a copy, and order is given up."""
