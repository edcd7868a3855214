"""Blind reader studies: plan, reading order, readings and their export for multi-reader multi-case analysis."""
