"""What a folder, a data set or a PACS holds, before anybody trains on it or reads it."""
