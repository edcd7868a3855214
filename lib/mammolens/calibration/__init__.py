"""Scores of normal patients turned into p-values, decisions and heat levels."""
