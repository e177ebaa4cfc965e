"""What a node of the network does with requests, without the network."""
