"""What a book wants to be told: inputs, their types and rules, and where their values come from."""
