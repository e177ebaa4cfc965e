"""Which messages pass: one per sender and interval."""
