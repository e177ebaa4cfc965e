"""The report of a run: written while it runs, read to go on with it, shown as a page."""
