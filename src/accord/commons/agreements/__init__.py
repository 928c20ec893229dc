"""Agreements between jurisdictions, with what was said of each: accepted, ended."""
