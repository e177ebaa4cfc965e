"""Fleets of emulated Choria nodes, and what measures them."""
