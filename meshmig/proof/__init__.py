"""What is proved before anything runs."""
