"""Objections to statements, with the answers of those who are answerable for them."""
