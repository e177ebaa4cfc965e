"""Asking nodes of a Choria network: discovery and calls, as a library."""
