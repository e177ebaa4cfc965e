"""Agents: what nodes do when they are asked to."""
