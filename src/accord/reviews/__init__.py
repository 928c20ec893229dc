"""Judged by people: which points wait for a person, and how what people wrote is checked, signed and read again."""

from .accepting import Refusal, RefusedRows, accept
from .loading import REVIEWS, LoadedReviews, ReviewProblem, ReviewsCheck, check_reviews, load_reviews, read_envelope
from .opening import OpenPoint, open_points
from .people import read_people
from .signing import sign_reviews

__all__ = [
    "REVIEWS",
    "LoadedReviews",
    "OpenPoint",
    "Refusal",
    "RefusedRows",
    "ReviewProblem",
    "ReviewsCheck",
    "accept",
    "check_reviews",
    "load_reviews",
    "open_points",
    "read_envelope",
    "read_people",
    "sign_reviews",
]
