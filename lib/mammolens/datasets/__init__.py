"""Data sets: adapters for public layouts, tables, splits by patient and seeded phantoms."""
