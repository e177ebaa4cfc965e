"""The whole Choria toolkit in one distribution."""
