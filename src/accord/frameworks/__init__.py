"""Frameworks: laws and standards as data, and the judge that applies their rules to measurements."""

from .judging import Judgement, judge
from .loading import FrameworkFile, library, library_ids, load, open_framework, select, select_files

__all__ = [
    "FrameworkFile",
    "Judgement",
    "judge",
    "library",
    "library_ids",
    "load",
    "open_framework",
    "select",
    "select_files",
]
