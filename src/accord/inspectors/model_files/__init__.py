"""Inspectors of the theme model_files."""
