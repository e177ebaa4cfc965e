"""What people and scripts read: records in, text out."""
