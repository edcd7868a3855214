"""May a new model serve in place of the one that does? The gate, and what it decides by."""
