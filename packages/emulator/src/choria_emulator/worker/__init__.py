"""Nodes of one process, connected at a pace."""
