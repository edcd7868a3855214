"""The server's routes and their access control."""
