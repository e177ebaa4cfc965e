"""Audit logs in JSON."""
