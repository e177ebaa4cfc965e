"""Registration of Choria nodes: everything that a node knows about itself."""
