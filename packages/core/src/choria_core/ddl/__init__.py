"""What an agent offers: its actions, their inputs and what they give."""
