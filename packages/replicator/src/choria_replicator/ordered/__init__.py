"""The ordered copy: one path per stream, resumed behind the target's tail."""
