"""What the translation emits."""
