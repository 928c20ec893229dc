"""Instruments: what inspectors measure with: sandbox, tables, licence list."""
