"""What callers were allowed to do, kept for those who ask later."""
