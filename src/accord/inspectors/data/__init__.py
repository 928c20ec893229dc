"""Inspectors of the theme data."""
