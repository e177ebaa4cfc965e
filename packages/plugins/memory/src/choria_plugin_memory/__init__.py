"""Memory for Choria playbooks: a data store that lives as long as a run, with locks."""
