"""Exams on the server: worklist, inference, decisions of people, and what follows from them."""
