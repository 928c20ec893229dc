"""Accord: measure an AI system, judge it under many laws at once, prove the result."""

__version__ = "0.1.0"
