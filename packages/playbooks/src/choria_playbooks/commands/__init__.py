"""``choria playbook``: options in, books run and looked at."""
