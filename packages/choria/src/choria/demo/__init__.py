"""The whole path on brokers of its own, from the nodes of a data centre to the centre."""
