"""The commands that core itself contributes, one per file."""
