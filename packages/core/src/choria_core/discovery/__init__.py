"""Finding nodes: without asking them, from files, programs and PuppetDB."""
