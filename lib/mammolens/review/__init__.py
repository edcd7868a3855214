"""Readers' decisions: an append-only, hash-chained ledger, and the effective verdicts that follow from it."""
