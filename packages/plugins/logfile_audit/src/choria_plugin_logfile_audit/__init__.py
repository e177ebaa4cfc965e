"""Audit logs as text."""
