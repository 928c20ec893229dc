"""Foreign papers: what a certificate claims, as a person transcribed it. Nothing of it was measured."""

from __future__ import annotations

import re
from typing import Literal

from .measurement import Record
from .review import is_day
from .said import Person

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Paper(Record, frozen=True, kw_only=True):
    """The file that was transcribed: the digest and size of its bytes, and its media type, told by its content."""

    digest: str
    size: int
    media_type: str


class Certificate(Record, frozen=True, kw_only=True):
    """A paper by `issuer`: for which system, in which scope (the standards and laws that it names), from when to when.

    `about` is the system's name as the paper has it, `about_digest` its digest if the paper, or the transcriber, can
    give one. `claims` are the paper's, a line each, in `language` (BCP 47). `valid_until` "" means that the paper
    names no end. `standing` has one value, so that no page can take it for a measurement.
    """

    standing: Literal["claimed_on_paper"] = "claimed_on_paper"
    paper: Paper
    issuer: str
    number: str = ""
    scope: tuple[str, ...]
    issued: str
    valid_until: str = ""
    claims: tuple[str, ...]
    about: str
    about_digest: str = ""
    language: str
    transcribed_by: Person

    def __post_init__(self) -> None:
        if not is_day(self.issued) or (self.valid_until and not is_day(self.valid_until)):
            raise ValueError("a day is written YYYY-MM-DD")
        if self.valid_until and self.valid_until < self.issued:
            raise ValueError("a certificate does not end before it was issued")
        if not self.claims or not all(claim.strip() for claim in self.claims):
            raise ValueError("a certificate claims something")
        if self.about_digest and not DIGEST.fullmatch(self.about_digest):
            raise ValueError("a digest is written sha256:<64 hex digits>")


class CertificateConfirmation(Record, frozen=True, kw_only=True):
    """A second person read the same paper (its digest) and found the transcription (its statement's digest) right."""

    certificate: str
    paper: str
    by: Person
