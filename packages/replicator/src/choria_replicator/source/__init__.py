"""Reading from a stream so that nothing is passed over."""
