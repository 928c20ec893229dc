"""Inspectors of the theme transparency."""
