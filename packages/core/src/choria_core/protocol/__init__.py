"""The Choria network's documents: version-neutral records and their codecs."""
