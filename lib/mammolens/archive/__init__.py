"""Scores of whole archives: an index of the images, exams scored by many processes, and Parquet files of rows."""
