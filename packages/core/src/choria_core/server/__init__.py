"""The server: one node of a Choria network."""
