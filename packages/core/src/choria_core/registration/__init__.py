"""Registration: what nodes tell of themselves, unasked and again and again."""
