"""A playbook as it is written: from YAML to a checked model, nothing of it done yet."""
