"""The ground the Choria toolkit stands on."""
