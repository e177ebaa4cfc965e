"""Connections to NATS and what travels over them."""
