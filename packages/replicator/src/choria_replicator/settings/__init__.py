"""What to copy from where to where, in either dialect."""
