"""From a migration and a mesh to stages of steps."""
