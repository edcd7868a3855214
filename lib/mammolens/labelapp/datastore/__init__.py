"""The server's images, of a folder or a PACS, and what is remembered of each."""
