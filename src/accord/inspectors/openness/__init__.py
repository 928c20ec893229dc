"""Inspectors of the theme openness."""
