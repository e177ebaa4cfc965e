"""Settings from YAML files into typed records, with every error at its line."""
