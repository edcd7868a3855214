"""Who accessed which patient's data on a server, in the words of IHE ATNA."""
