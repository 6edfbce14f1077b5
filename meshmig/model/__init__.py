"""The nouns of a migration: frozen values without verbs."""
