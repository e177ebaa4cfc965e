"""How a run looks: log lines, JSON lines, and a tree that grows while it runs."""
