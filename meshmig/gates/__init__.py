"""What is measured, how it is asked, and how it is judged."""
