"""Registration of Choria nodes: a file, mostly of facts, sent whenever it is time."""
