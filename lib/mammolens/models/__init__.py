"""Networks, and the self-describing directories that they are kept in."""
