"""Consul as a data store of playbooks, and as the keeper of their locks."""
