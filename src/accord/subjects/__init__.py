"""Subjects: recognise a target by its content, open it, digest it, read its card."""

from .card import CARD_NAME, Contradiction, card_digest, merge_cards, read_card, stated
from .digest import REPORT_MARKER, refuse_sealed
from .draft import draft_card
from .paths import resolve_inside
from .recognise import recognise
from .target import Target, open_target

__all__ = [
    "CARD_NAME",
    "REPORT_MARKER",
    "Contradiction",
    "Target",
    "card_digest",
    "draft_card",
    "merge_cards",
    "open_target",
    "read_card",
    "recognise",
    "refuse_sealed",
    "resolve_inside",
    "stated",
]
