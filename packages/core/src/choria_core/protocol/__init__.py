"""The documents of the Choria network protocol, versions 1 and 2."""
