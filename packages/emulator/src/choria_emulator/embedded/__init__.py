"""Brokers that come with a fleet, and what this machine can hold."""
