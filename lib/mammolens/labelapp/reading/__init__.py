"""The reading room: exams, their worklist, judging them and deciding on them."""
