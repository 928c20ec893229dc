"""Certificates on paper, as somebody transcribed them, and who read them again."""
