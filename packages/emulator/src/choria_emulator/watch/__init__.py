"""Showing a fleet while it runs."""
