"""etcd for Choria playbooks: a data store, and locks that last while a playbook runs."""
