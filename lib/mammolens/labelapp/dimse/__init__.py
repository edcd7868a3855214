"""DIMSE services (PS3.7): images come in by C-STORE."""
