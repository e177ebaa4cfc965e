"""What books can do: the kinds of tasks that come with playbooks."""
