"""Measures: the common language of inspectors and frameworks. See `catalogue`, `derive`, `intervals`, `recompute`."""
