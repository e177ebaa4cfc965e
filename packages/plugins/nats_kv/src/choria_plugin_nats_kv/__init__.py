"""NATS key-value buckets for Choria playbooks: a data store, and locks that end with their run."""
