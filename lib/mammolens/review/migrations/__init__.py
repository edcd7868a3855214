"""Alembic's steps from one schema to the next; each states its tables in full and imports nothing of the rest."""
