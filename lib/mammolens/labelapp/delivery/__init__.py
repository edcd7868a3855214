"""What is sent to others when an exam is done: a queue on disk, and what empties it."""
