"""The arithmetic of shifting mechanisms, one file each."""
