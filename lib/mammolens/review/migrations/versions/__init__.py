"""One file per step, in the order given by ``down_revision``."""
