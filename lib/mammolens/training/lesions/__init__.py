"""Synthetic lesions that the restorer learns to take away."""
