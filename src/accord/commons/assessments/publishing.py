"""From a report to one that may be published: without small counts of persons, signed anew by who signed the first.

The new report is a statement of its own, beside the first, which stays with its owner (docs/decisions/0005).
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from ...errors import Unavailable, UsageError
from ...frameworks import FrameworkFile, Terms, library_ids, open_framework
from ...inspectors.registry import all_inspectors
from ...judge import Stored, judge_again, open_stored
from ...plan import read_followed
from ...records import Assessment, FrameworkReference
from ...reports import choose, known_details
from ...reports.folder import check_place, write
from ...reviews import REVIEWS
from ...trust import KeyStore, SigningKey, own_log, seal
from ...trust.envelopes import MAX_FILE_BYTES, read_lines
from ...trust.folder import read_regular
from ...trust.saying import hear
from ...trust.sealing import STATEMENTS
from .small_counts import without_small_counts

OF = "published from"
"""The option of a report's environment that names the statement which it was made from."""


def statement_of(folder: Path) -> str:
    """Return the id of the assessment's statement in a sealed report."""
    return hear(read_regular(folder / STATEMENTS, MAX_FILE_BYTES).splitlines()[-1], name=STATEMENTS).id


def make_public(folder: Path, out: Path, keys: KeyStore) -> Assessment:
    """Write a sealed report to `out` that is the one in `folder` without small counts of persons; return its record.

    If `out` is there, made from this very report, it is left as it is: to publish twice is to publish the same. Raises
    MalformedInput if the report was altered, UsageError if somebody else signed it or measured what changes, or if
    `out` is taken; Unavailable if a framework that it was judged under is not here.
    """
    trusted = keys.known()
    source = statement_of(folder)
    if (out / STATEMENTS).is_file():
        there = open_stored(out, trusted).assessment
        if there.environment.options.get(OF) == source:
            return there
        raise UsageError("other-report", f"{out} holds another report", "Name another place with --out.")
    check_place(out)
    stored = open_stored(folder, trusted)
    signer, others = _signer_and_others(folder, stored, keys)
    files = [_text_of(reference) for reference in stored.assessment.frameworks]
    public = _judged(folder, stored, files, source)
    details = known_details(public, [file.framework for file in files])
    contents = {report.file_name: report.render(public, details=details) for report in choose(("json", "html"))}
    if public.reviews:
        contents[REVIEWS] = b"".join(raw + b"\n" for raw in stored.reviews)
    if followed := read_followed(folder, public):
        contents |= followed.files
    write(out, contents, lambda place: seal(place, public, signer=signer, log=own_log(), measured=others))
    return public


def _judged(folder: Path, stored: Stored, files: list[FrameworkFile], source: str) -> Assessment:
    """Return the record with what is left of its evidence, judged on the day and terms on which it was."""
    before = stored.assessment
    environment = replace(before.environment, options={**before.environment.options, OF: source})
    left = replace(before, evidence=without_small_counts(before), environment=environment)
    terms = Terms(
        profile=before.profile,
        on=before.judged or before.environment.started[:10],
        reviews=before.reviews,
        known_digests=before.subject.digests,
    )
    judged = judge_again(left, files, terms, all_inspectors())
    followed = read_followed(folder, judged)
    return followed.mark(judged) if followed else judged


def _signer_and_others(folder: Path, stored: Stored, keys: KeyStore) -> tuple[SigningKey, dict[str, bytes]]:
    """Return the user's key that signed the report, and the statements of evidence that others signed: they stay.

    Its own evidence is signed anew even where nothing changes: the first report's may be withheld, this one's is not.
    """
    lines = read_lines(read_regular(folder / STATEMENTS, MAX_FILE_BYTES))
    keyids = {line.inspector: line.key.keyid for line in lines if line.key}
    left = {item.id: item for item in without_small_counts(stored.assessment)}
    changed = {item.inspector for item in stored.assessment.evidence if left[item.id] != item}
    signer = keyids[None]
    own = {keys.load(key.name).keyid: key.name for key in keys.known().of("signer") if key.why == "own"}
    if signer not in own or any(keyids[inspector] != signer for inspector in changed):
        raise UsageError(
            "not-your-report",
            "the report has small counts of persons, and not you alone signed it and measured them",
            "Ask who measured to publish it; or publish it with --disclosure community.",
        )
    others = {name: line for name, line in stored.statements.items() if keyids[name] != signer}
    return keys.load(own[signer]), others


def _text_of(reference: FrameworkReference) -> FrameworkFile:
    if reference.id in library_ids() and (file := open_framework(reference.id)).reference == reference:
        return file
    raise Unavailable(
        "other-framework",
        f"the report was judged under a text of {reference.id} that is not here, so it can't be judged again",
        "Judge it under the text that is here first: `accord judge FOLDER --out NEW`.",
    )
