"""A whole fleet: its brokers, its processes, and what is known of them."""
