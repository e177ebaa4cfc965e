"""What becomes of one message on its way: subject, headers, origin."""
