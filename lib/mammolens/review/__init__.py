"""What people decided: an append-only, hash-chained ledger of decisions, and what follows from it for an exam."""
