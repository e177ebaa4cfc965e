"""JSON and YAML files for Choria playbooks: a data store."""
