"""`accord judge`: judge stored evidence again, without the target."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .choosing import frameworks_option, jurisdiction_option, profile_option, reviews_option, sector_option
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..frameworks import FrameworkFile
    from ..judge import Stored
    from ..plan import Followed
    from ..records import Assessment


@click.command("judge")
@click.argument("record", type=click.Path(path_type=Path, exists=True), default="accord-report")
@frameworks_option
@jurisdiction_option
@sector_option
@profile_option
@reviews_option
@click.option("--out", type=click.Path(path_type=Path), help="Write a signed report of the new judgement here.")
@as_json
def command(
    record: Path,
    frameworks: tuple[str, ...],
    jurisdiction: str | None,
    sector: str | None,
    profile: Path | None,
    reviews: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Judge the evidence in RECORD again: a report folder or its assessment.json. Nothing is measured.

    Without --framework, --jurisdiction or --sector it is judged under the same frameworks as before, in the text that
    is installed now. The evidence keeps the signatures of whoever measured.
    """
    from ..assess import today
    from ..frameworks import Terms, check_profile, open_profile
    from ..inspectors.registry import all_inspectors
    from ..judge import judge_again, open_stored
    from ..plan import read_followed
    from ..trust import KeyStore
    from .choosing import choose_frameworks, read_reviews

    stored = open_stored(record, KeyStore().known())
    if out and not stored.statements:
        raise UsageError(
            "unsigned-evidence",
            f"{record.name} is a bare record: nobody's signature comes with its evidence",
            "Name the report folder that it lies in.",
        )
    chosen = choose_frameworks(
        frameworks, jurisdiction, sector, fallback=[used.id for used in stored.assessment.frameworks]
    )
    found = read_reviews(reviews) if reviews else None
    signed = stored.reviews | (dict(zip(found.envelopes, found.reviews, strict=True)) if found else {})
    terms = Terms(
        profile=open_profile(profile) if profile else stored.assessment.profile,
        on=today(),
        reviews=tuple(signed.values()),
        known_digests=stored.assessment.subject.digests,
    )
    if profile and terms.profile:
        check_profile(terms.profile, [file.framework for file in chosen])
    judged = judge_again(stored.assessment, chosen, terms, all_inspectors())
    followed = read_followed(record, judged)
    if followed:
        judged = followed.mark(judged)
    if out:
        _write(out, judged, stored, chosen, signed, followed)
    if as_json:
        print_json(judged)
    else:
        _show(stored.assessment, judged, out)
    return 0


def _write(
    out: Path,
    judged: Assessment,
    stored: Stored,
    chosen: list[FrameworkFile],
    reviews: Iterable[bytes],
    followed: Followed | None,
) -> None:
    from ..reports import choose, known_details
    from ..reports.folder import check_place, write
    from ..reviews import REVIEWS
    from ..trust import KeyStore, own_log, seal

    check_place(out)
    signer, log = KeyStore().own(), own_log()
    details = known_details(judged, [file.framework for file in chosen])
    files = {report.file_name: report.render(judged, details=details) for report in choose(("json", "html"))}
    if judged.reviews:
        files[REVIEWS] = b"".join(raw + b"\n" for raw in reviews)
    if followed:
        files |= followed.files
    write(out, files, lambda folder: seal(folder, judged, signer=signer, log=log, measured=stored.statements))


def _show(before: Assessment, after: Assessment, out: Path | None) -> None:
    from rich.console import Console

    from ..reports.terminal import print_judgement

    print_judgement(after, Console(highlight=False))
    old = {(v.framework, v.requirement): v.status for v in before.verdicts}
    moved = [v for v in after.verdicts if old.get((v.framework, v.requirement), v.status) != v.status]
    for verdict in moved[:20]:
        was = old[verdict.framework, verdict.requirement]
        click.echo(visible(f"  {verdict.framework} {verdict.requirement}: {was} → {verdict.status}: {verdict.reason}"))
    if len(moved) > 20:
        click.echo(_("  … and {n} more verdicts that changed").format(n=len(moved) - 20))
    if not moved and old:
        click.echo(_("No verdict that was there before has changed."))
    if out:
        click.echo(_("The report is in {folder}.").format(folder=visible(str(out))))
