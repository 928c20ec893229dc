"""Inspectors: a folder a theme, a file an inspector. `registry` finds them, `run` runs them."""
