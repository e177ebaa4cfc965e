"""Programs that are started for a while, shown line by line, and never left behind."""
