"""Real brokers and clocks for testing Choria programs and plugins."""
