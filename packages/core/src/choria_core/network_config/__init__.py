"""Settings of a Choria network: the line-based files of servers and clients, as typed records."""
