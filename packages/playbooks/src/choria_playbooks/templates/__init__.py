"""Templates: ``{{{ inputs.cluster }}}`` in the texts of a book, found and filled in."""
