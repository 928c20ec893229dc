"""Inspectors of the theme fairness."""
