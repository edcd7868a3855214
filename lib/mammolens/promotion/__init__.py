"""Promotion: the gate for new models, and its policy."""
