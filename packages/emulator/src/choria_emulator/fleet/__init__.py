"""What a fleet is: groups of nodes, what they are like, what happens to them."""
