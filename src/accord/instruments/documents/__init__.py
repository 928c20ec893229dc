"""Documents read without trust: their text, their headings, and what they state about themselves."""

from .form import MINIMUM_WORDS, Form, SectionFound
from .interface import Block, Document
from .reading import read_document
from .stated import Stated, StatedDate, stated_date, stated_owner, stated_version

__all__ = [
    "MINIMUM_WORDS",
    "Block",
    "Document",
    "Form",
    "SectionFound",
    "Stated",
    "StatedDate",
    "read_document",
    "stated_date",
    "stated_owner",
    "stated_version",
]
