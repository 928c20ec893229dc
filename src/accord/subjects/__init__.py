"""Subjects: recognise a target by its content, open it, digest it, read its card."""
