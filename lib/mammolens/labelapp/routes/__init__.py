"""What the server answers, and whom."""
