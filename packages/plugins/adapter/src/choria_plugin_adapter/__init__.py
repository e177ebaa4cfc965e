"""The protocol adapter: from messages of a Choria network to a stream."""
