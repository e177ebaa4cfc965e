"""Registration of Choria nodes: the names of their agents, as the first MCollective sent them."""
