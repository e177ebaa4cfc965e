"""A safe evaluator of the expressions that compound filters are written in.

The language is that of expr-lang.org, version 1.17: ``lexer`` and ``parser`` make a
tree (``syntax``) of a text, ``compiler`` checks its types (``natures``) and turns it
into closures, a ``Program`` (``program``) runs them.  Nothing of Python can be
reached from an expression: it has values (``values``), built-in functions
(``functions``), loops over arrays (``loops``) and what the caller's environment
offers, no more.

Left out, and refused when compiling: dates and durations, byte strings, ``$env``.
"""
