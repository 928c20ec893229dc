"""Reading `assessment.intoto.jsonl` as sealed: which line is which, and which were altered, removed, added or moved."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ..errors import AccordError, LimitExceeded, MalformedInput
from ..i18n import _
from ..records import from_builtins
from ..records.measurement import Record
from .canonical import MAX_VALUES, canonical, count_values, digest_bytes, read
from .dsse import Envelope, parse, to_line, verify
from .ed25519 import PublicKey
from .encoding import b64decode
from .predicates import AssessmentPredicate, EvidencePredicate, ReviewPredicate, StatedKey
from .statement import ASSESSMENT_TYPE, EVIDENCE_TYPE, Statement
from .statement import parse as parse_statement

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_LINES = 10_000

P = TypeVar("P", AssessmentPredicate, EvidencePredicate, ReviewPredicate)


class Change(Record, frozen=True, kw_only=True):
    """One place at which a report is not what was sealed: a file, and inside it as far as can be told."""

    path: str
    change: Literal["altered", "missing", "added"]
    detail: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the file, read as far as it can be. `error` says why not further."""

    number: int
    raw: bytes
    envelope: Envelope | None = None
    statement: Statement | None = None
    key: PublicKey | None = None
    valid: bool = False
    error: str = ""

    def predicate(self, kind: type[P]) -> P:
        """Return the predicate as `kind`. Raises MalformedInput."""
        data: Any = self.statement.predicate if self.statement else None
        return from_builtins(data, kind, name=_("line {number}").format(number=self.number))

    @property
    def inspector(self) -> str | None:
        """The inspector that the statement says its evidence is of."""
        if self.statement is None or self.statement.predicate_type != EVIDENCE_TYPE:
            return None
        return str(self.statement.predicate.get("inspector"))


def read_line(raw: bytes, number: int) -> Line:
    """Read one line: envelope, statement, the key that it states, and whether that key signed it."""
    name = _("line {number}").format(number=number)
    envelope: Envelope | None = None
    statement: Statement | None = None
    key: PublicKey | None = None
    try:
        envelope = parse(raw, name=name)
        statement = parse_statement(envelope.payload, name=name)
        key = _stated_key(statement, name)
        verify(envelope, [key])
        if canonical(read(envelope.payload, name=name)) != envelope.payload:
            raise MalformedInput("not-canonical", _("{name}: the statement is not RFC 8785 JSON").format(name=name), "")
        if len(envelope.signatures) != 1 or envelope.signatures[0].keyid != key.keyid or to_line(envelope) != raw:
            message = _("{name}: something was changed outside of what is signed").format(name=name)
            raise MalformedInput("envelope-altered", message, "")
    except AccordError as error:
        message = error.message if error.message.startswith(name) else f"{name}: {error.message}"
        return Line(number, raw, envelope, statement, key, error=message)
    return Line(number, raw, envelope, statement, key, valid=True)


def _stated_key(statement: Statement, name: str) -> PublicKey:
    stated = from_builtins(statement.predicate.get("signer"), StatedKey, name=f"{name}: signer")
    key = PublicKey(b64decode(stated.publicKey, f"{name}: signer"))
    if stated.keyid != key.keyid:
        raise MalformedInput("wrong-keyid", _("{name}: the keyid is not that of the key").format(name=name), "")
    return key


def read_lines(data: bytes) -> list[Line]:
    """Read a whole file. Raises LimitExceeded if it would take more memory than a report is worth.

    A missing final newline is not noticed here: it leaves the lines as they were.
    """
    raw = data.removesuffix(b"\n").split(b"\n")
    if len(raw) > MAX_LINES:
        raise LimitExceeded("too-many-lines", _("it has more than {count} lines").format(count=MAX_LINES), "")
    lines, values = [], 0
    for number, item in enumerate(raw, 1):
        lines.append(read_line(item, number))
        envelope = lines[-1].envelope
        values += count_values(envelope.payload) if envelope else 0
        if values > 2 * MAX_VALUES:
            raise LimitExceeded("too-many-values", _("it holds more values than can be checked"), "")
    return lines


def assessment_line(lines: Sequence[Line], known: frozenset[str]) -> Line | None:
    """Return the line with the assessment: of several the last, those that are validly signed by a known key first."""
    found = [line for line in lines if line.statement and line.statement.predicate_type == ASSESSMENT_TYPE]
    return max(found, key=lambda line: (line.valid, line.valid and _keyid(line) in known, line.number), default=None)


def _keyid(line: Line) -> str:
    return line.key.keyid if line.key else ""


def compare(lines: Sequence[Line], whole: Line, predicate: AssessmentPredicate, path: str) -> list[Change]:
    """Return what distinguishes the lines from those that the assessment's statement, `whole`, lists."""
    expected = {reference.sha256: reference.inspector for reference in predicate.evidence}
    order = [*expected, _sha256(whole)]
    positions: dict[str, int] = {}
    strangers, changes = [], []
    for line in lines:
        sha256 = _sha256(line)
        if sha256 in positions:
            detail = _("line {number} repeats line {first}").format(number=line.number, first=positions[sha256])
            changes.append(Change(path=path, change="added", detail=detail))
        elif sha256 in order:
            positions[sha256] = line.number
        else:
            strangers.append(line)
    missing = {inspector: sha256 for sha256, inspector in expected.items() if sha256 not in positions}
    for line in strangers:
        inspector = line.inspector
        if inspector not in missing and line.statement is None and line.number <= len(predicate.evidence):
            inspector = predicate.evidence[line.number - 1].inspector
        if inspector in missing:
            del missing[str(inspector)]
            text = _("line {number}, the evidence of {inspector}, was altered. {error}")
            detail = text.format(number=line.number, inspector=inspector, error=line.error)
            changes.append(Change(path=path, change="altered", detail=detail.strip()))
        else:
            detail = _("line {number} was not there").format(number=line.number)
            changes.append(Change(path=path, change="added", detail=detail))
    for inspector in missing:
        detail = _("the evidence of {inspector}").format(inspector=inspector)
        changes.append(Change(path=path, change="missing", detail=detail))
    if list(positions) != [sha256 for sha256 in order if sha256 in positions]:
        changes.append(Change(path=path, change="altered", detail=_("the lines are in another order")))
    for line in lines:
        changes.extend(_judge_evidence(line, expected.get(_sha256(line)), path))
    return changes


def _judge_evidence(line: Line, inspector: str | None, path: str) -> list[Change]:
    """Evidence that the assessment lists must itself be signed, by whomever, and be of the inspector named."""
    if inspector is None:
        return []
    detail = line.error
    if not detail and line.inspector != inspector:
        detail = _("line {number}: it is not the evidence of {inspector}").format(
            number=line.number, inspector=inspector
        )
    if not detail:
        with contextlib.suppress(MalformedInput):
            line.predicate(EvidencePredicate)
            return []
        detail = _("line {number}: the evidence can't be read").format(number=line.number)
    return [Change(path=path, change="altered", detail=detail)]


def _sha256(line: Line) -> str:
    return digest_bytes(line.raw)[7:]
