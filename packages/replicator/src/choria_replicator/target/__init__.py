"""Writing to a stream so that it refuses any disorder."""
