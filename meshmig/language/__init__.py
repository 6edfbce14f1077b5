"""Text to a resolved migration, and back."""
