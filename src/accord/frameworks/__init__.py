"""Frameworks: laws and standards as data, and the judge that applies their rules to measurements."""
