"""Runs a book: prepares, locks, does its tasks and hooks, and tells what happens."""
