"""The environment for Choria playbooks: a data store of variables."""
