"""Who sent a message, and whether that one may: certificates, tokens, signatures, replays."""
