"""What one node does: its connection, requests, replies."""
