"""Exams on the server: worklist, inference, readers' decisions, and what follows from them."""
