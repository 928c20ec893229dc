"""Rechecks: what somebody repeated of another body's measurements, and how often that agreed."""
