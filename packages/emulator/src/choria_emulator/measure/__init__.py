"""``choria measure``: ask a fleet again and again, and report."""
