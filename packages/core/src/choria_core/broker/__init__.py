"""A real nats-server as a child of this process."""
