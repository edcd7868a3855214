"""Synthetic lesions that networks learn to take away."""
