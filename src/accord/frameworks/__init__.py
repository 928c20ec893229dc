"""Frameworks: laws and standards as data, and the judge that applies their rules to measurements."""

from .judging import Judgement, judge
from .loading import (
    FrameworkFile,
    jurisdictions,
    known_jurisdictions,
    library,
    library_ids,
    load,
    open_framework,
    sectors,
    select,
    select_files,
)
from .profiles import check_profile, open_profile
from .terms import Terms, judge_all

__all__ = [
    "FrameworkFile",
    "Judgement",
    "Terms",
    "check_profile",
    "judge",
    "judge_all",
    "jurisdictions",
    "known_jurisdictions",
    "library",
    "library_ids",
    "load",
    "open_framework",
    "open_profile",
    "sectors",
    "select",
    "select_files",
]
