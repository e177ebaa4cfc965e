"""Who may run which action of which agent."""
