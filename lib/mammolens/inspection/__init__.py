"""What a folder, a data set or a PACS holds, before you train on it or read it."""
