"""A program's place in a Choria network: who it is there, and its connection."""
