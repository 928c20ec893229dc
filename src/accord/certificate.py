"""Foreign papers as statements: a certificate is read by a person, transcribed, and confirmed by a second one.

Nothing of it was measured: it is always shown as claimed on paper.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from .errors import LimitExceeded, MalformedInput, UsageError
from .i18n import N_, _
from .records import is_day
from .records.certificate import DIGEST, Certificate, CertificateConfirmation, Paper
from .records.said import Person
from .subjects import recognise
from .trust.folder import read_regular, sha256_file
from .trust.saying import Heard

CLAIMED = N_("Claimed on paper, not measured.")
MAX_PAPER_BYTES = 256 << 20
MAX_FORM_BYTES = 256 << 10
MOST_CLAIMS = 200
LONGEST = 2_000
TEXTS = ("issuer", "number", "issued", "until", "about", "digest", "language", "transcribed_by", "role", "office")
LISTS = ("scope", "claims")
NEEDED = ("issuer", "scope", "issued", "claims", "about", "language", "transcribed_by", "role")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_LONG_KEY = re.compile(r"(?<![^\s.=])(?:[^\s.=]++\.){16}")
_MEDIA_TYPES = {
    "pdf": "application/pdf",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "text": "text/plain",
    "zip": "application/zip",
}
_IMAGES = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif"), (b"II", "image/tiff"),
           (b"MM", "image/tiff"))  # fmt: skip


def read_fields(place: Path) -> dict[str, Any]:
    """Read a filled form (TOML, at most 256 KB): the keys of `TEXTS` and `LISTS`. Only its syntax is judged here."""
    try:
        text = read_regular(place.resolve(), MAX_FORM_BYTES).decode("utf-8-sig")
        if _LONG_KEY.search(text):  # tomllib takes time in the square of a dotted key's length
            raise LimitExceeded("key-too-long", f"{place.name}: a key of over 16 parts", "Write plain keys.")
        found = tomllib.loads(text)
    except OSError as error:
        raise UsageError("no-form", f"{place}: {error.strerror or 'not a file'}", "Name a TOML file.") from None
    except (ValueError, RecursionError) as error:
        raise MalformedInput("malformed-form", f"{place.name} is not TOML: {str(error)[:200]}", "Correct it.") from None
    # A day without quotes is a day to TOML; with them it is a text. Both are meant alike.
    return {name: value.isoformat() if type(value) is date else value for name, value in found.items()}


def read_paper(place: Path) -> Paper:
    """Return what identifies a paper: digest, size and media type of its file. Raises UsageError, LimitExceeded."""
    path = place.resolve()
    try:
        size = path.stat().st_size
        if size > MAX_PAPER_BYTES:
            raise LimitExceeded("paper-too-large", f"{place.name} has {size} bytes", f"At most {MAX_PAPER_BYTES}.")
        if not size:
            raise UsageError("empty-paper", f"{place.name} is empty", "Name the file that holds the paper.")
        return Paper(digest=f"sha256:{sha256_file(path)}", size=size, media_type=_media_type(path))
    except OSError as error:
        raise UsageError("no-paper", f"{place}: {error.strerror or 'not a file'}", "Name the paper's file.") from None


def _media_type(path: Path) -> str:
    kind = recognise(path)
    if kind == "image":
        with path.open("rb") as file:
            head = file.read(4)
        return next((name for magic, name in _IMAGES if head.startswith(magic)), "application/octet-stream")
    return _MEDIA_TYPES.get(kind, "application/octet-stream")


def transcribe(place: Path, fields: Mapping[str, Any], *, today: str) -> Certificate:
    """Return the record of a paper. Raises MalformedInput that lists every mistake of `fields` (as `TEXTS`, `LISTS`).

    `today` is YYYY-MM-DD: no paper was issued tomorrow.
    """
    mistakes = list(_mistakes(fields, today))
    if mistakes:
        listed = "".join(f"\n  {mistake}" for mistake in mistakes[:40])
        raise MalformedInput(
            "malformed-certificate", f"{len(mistakes)} mistakes in what was transcribed:{listed}\n", "Correct them all."
        )
    texts = {name: fields.get(name, "").strip() for name in TEXTS}
    return Certificate(
        paper=read_paper(place),
        issuer=texts["issuer"],
        number=texts["number"],
        scope=tuple(item.strip() for item in fields["scope"]),
        issued=texts["issued"],
        valid_until=texts["until"],
        claims=tuple(item.strip() for item in fields["claims"]),
        about=texts["about"],
        about_digest=texts["digest"],
        language=texts["language"],
        transcribed_by=Person(name=texts["transcribed_by"], role=texts["role"], office=texts["office"]),
    )


def _mistakes(fields: Mapping[str, Any], today: str) -> Iterator[str]:
    for name in (name for name in fields if name not in (*TEXTS, *LISTS)):
        yield f"{str(name)[:60]}: no such field; there are {', '.join((*TEXTS, *LISTS))}"
    typed = {name for name in TEXTS if isinstance(fields.get(name, ""), str)}
    typed |= {name for name in LISTS if _is_texts(fields.get(name, []))}
    for name in (*TEXTS, *LISTS):
        if name not in typed:
            yield f"{name}: {'a text' if name in TEXTS else 'a list of texts'}"
        elif name in NEEDED and not (fields.get(name, "").strip() if name in TEXTS else fields.get(name)):
            yield f"{name}: is missing"
    for name in LISTS:
        items = fields.get(name, []) if name in typed else []
        if len(items) > MOST_CLAIMS:
            yield f"{name}: over {MOST_CLAIMS} entries"
        for index, item in enumerate(items[:MOST_CLAIMS]):
            if not item.strip() or len(item) > LONGEST:
                yield f"{name}[{index}]: {'is empty' if not item.strip() else f'over {LONGEST} characters'}"
    texts = {name: fields.get(name, "").strip() for name in TEXTS if name in typed}
    yield from (f"{name}: over {LONGEST} characters" for name, text in texts.items() if len(text) > LONGEST)
    if texts.get("digest") and not DIGEST.fullmatch(texts["digest"]):
        yield "digest: write sha256:<64 hex digits>"
    if texts.get("language") and not _LANGUAGE.fullmatch(texts["language"]):
        yield "language: write a code such as fr or pt-BR"
    yield from _impossible_days(texts.get("issued", ""), texts.get("until", ""), today)


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _impossible_days(issued: str, until: str, today: str) -> Iterator[str]:
    for name, day in (("issued", issued), ("until", until)):
        if day and not is_day(day):
            yield f"{name}: {day[:40]!r} is no day of the calendar; write YYYY-MM-DD"
    if is_day(issued) and issued > today:
        yield f"issued: {issued} is in the future"
    if is_day(issued) and is_day(until) and until < issued:
        yield f"until: {until} is before it was issued, {issued}"


def confirm(heard: Heard, place: Path, by: Person, keyids: Sequence[str]) -> CertificateConfirmation:
    """Return a second person's word that the transcription in `heard` is that of the paper at `place`.

    Raises UsageError if it is another paper, the same person, or a key (of `keyids`) that transcribed it.
    """
    said = certificate_in(heard)
    paper = read_paper(place)
    if paper.digest != said.paper.digest:
        raise UsageError(
            "another-paper", f"it transcribes {said.paper.digest}, this is {paper.digest}", "Name the very same file."
        )
    if {key.keyid for key in heard.keys} & set(keyids):
        raise UsageError(
            "same-key", "who transcribed the paper can't confirm it", "Let a second person sign with another --key."
        )
    if by.name.strip().casefold() == said.transcribed_by.name.strip().casefold():
        raise UsageError("same-person", f"{by.name} transcribed it", "Let a second person read it.")
    return CertificateConfirmation(certificate=heard.id, paper=paper.digest, by=by)


def certificate_in(heard: Heard) -> Certificate:
    """Return the certificate that a statement holds. Raises MalformedInput if it holds none."""
    if heard.kind != "certificate":
        raise MalformedInput("no-certificate", f"a statement of another kind: {heard.kind}", "Name a certificate's.")
    return heard.record(Certificate)


def standing(certificate: Certificate, *, on: str) -> str:
    """Return, for every place that shows it, what it is worth on a day: words on paper, and whether they are over."""
    over = bool(certificate.valid_until) and date.fromisoformat(certificate.valid_until) < date.fromisoformat(on)
    words = _(CLAIMED)
    return f"{words} {_('It ended on {day}.').format(day=certificate.valid_until)}" if over else words
