"""Where nodes come from: the kinds of node sets that come with playbooks."""
