"""Arguments of an action, held against its description.  Pure."""
