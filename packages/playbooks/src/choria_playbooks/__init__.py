"""Playbooks: what shall be done, where, with what, and what if it fails, as YAML."""
