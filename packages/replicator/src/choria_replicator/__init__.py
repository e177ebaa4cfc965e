"""Copy NATS streams between clusters, in order and exactly once."""
