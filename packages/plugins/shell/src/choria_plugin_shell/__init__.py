"""Programs for Choria playbooks: a data store that a program of yours keeps."""
