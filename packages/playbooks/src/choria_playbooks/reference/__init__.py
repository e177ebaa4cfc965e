"""The pages of the reference of playbooks, made from the records that read them."""
