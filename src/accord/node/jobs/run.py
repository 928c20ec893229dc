"""The process of a job: `python -m accord.node.jobs.run FOLDER PARENT`. It measures, judges, and writes the record.

It has no key and signs nothing. What it tells are lines of JSON on what was its standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import AccordError, LimitExceeded, MalformedInput, Unavailable
from ...records import from_json, to_json
from .asked import Event, Failure, Stage, Task, Told
from .confining import give_up_rights
from .folders import CACHE, REPORT, TARGET, TASK, UPLOAD

if TYPE_CHECKING:
    from ...assess import Measured
    from ...frameworks import FrameworkFile
    from ...inspectors.interface import Inspector
    from ...plan import Followed
    from ...records import Assessment, Card
    from ...subjects import Target

Tell = Callable[[Told], None]
_LONGEST = 500


def main(folder: Path, parent: int) -> None:
    """Do the task in `folder` and tell how it goes; then end."""
    os.nice(10)
    tell = _teller()
    task = from_json((folder / TASK).read_bytes(), Task, name=TASK)
    target = _lay_out(folder, task)
    give_up_rights(folder, parent)
    try:
        _write(folder, *_assess(target, folder, task, tell))
        tell(Told(written=True))
    except AccordError as error:
        tell(Told(failure=_failure(error)))
    except MemoryError:
        full = LimitExceeded("memory-limit", "it needs more memory than a job may have", "Assess it on your machine.")
        tell(Told(failure=_failure(full)))
    except OSError as error:
        lost = Unavailable("no-space", f"the work can't be kept: {error.strerror}", "Upload less, or ask the operator.")
        tell(Told(failure=_failure(lost)))


def _teller() -> Tell:
    """Keep standard output for what is told here; whatever else prints there goes to standard error."""
    pipe = os.dup(1)
    os.dup2(2, 1)

    def tell(told: Told) -> None:
        data = to_json(told) + b"\n"
        while data:
            data = data[os.write(pipe, data) :]

    return tell


def _lay_out(folder: Path, task: Task) -> Path:
    """Give the files of the upload their names, which were checked as they came; return the target."""
    place = folder / TARGET
    place.mkdir(mode=0o700, exist_ok=True)
    for number, file in enumerate(task.asked.files):
        (place / file.name).unlink(missing_ok=True)
        os.link(folder / UPLOAD / str(number), place / file.name)
    return place / task.asked.files[0].name if len(task.asked.files) == 1 else place


def _assess(path: Path, folder: Path, task: Task, tell: Tell) -> tuple[Assessment, dict[str, bytes]]:
    """Measure and judge; return the assessment, and what lies beside its record: the plan that it followed."""
    from ...assess import Done, Options, assess, nothing_measured, today
    from ...frameworks import Terms, check_profile
    from ...inspectors.cache import EvidenceCache
    from ...inspectors.registry import all_inspectors
    from ...subjects import open_target

    tell(_stage("reading"))
    asked, followed, inspectors = task.asked, _followed(task), all_inspectors()
    plan = followed.plan if followed else None
    card = (plan.card if plan.card_source == "assessor" else None) if plan else asked.card
    options = Options(
        only=plan.only if plan else asked.only,
        skip=plan.skip if plan else asked.skip,
        parameters={item.inspector: item.parameters for item in plan.runs} if plan else {},
        seed=plan.seed if plan else asked.seed,
        workers=task.threads,
    )
    if followed:
        inspectors = followed.inspectors(inspectors)
    with open_target(str(path), card=card) as target:
        frameworks = _frameworks(task, target.card, followed)
        profile = plan.profile if plan else None
        if followed:
            followed.require(target, inspectors, frameworks)
        if profile:
            check_profile(profile, [file.framework for file in frameworks])
        terms = Terms(profile=profile, on=today())
        tell(_stage("measuring"))
        for event in assess(target, inspectors, frameworks, options, EvidenceCache(folder / CACHE), terms):
            if isinstance(event, Done):
                made = event.assessment
            else:
                tell(_result(event, target))
    if nothing_measured(made):
        raise MalformedInput(
            "nothing-assessed",
            "nothing was assessed: no inspector measured anything in what was uploaded",
            "Upload a table (CSV, Parquet, JSON lines), a model file, or an archive with such files.",
        )
    tell(_stage("judging"))
    made = _publishable(_without_place(made, folder), frameworks, inspectors, terms)
    return (followed.mark(made), followed.files) if followed else (made, {})


def _frameworks(task: Task, card: Card, followed: Followed | None) -> Sequence[FrameworkFile]:
    """Return the texts to judge under: of the plan, those asked for, the card's, the node's, the international ones."""
    from ...errors import UsageError
    from ...frameworks import known_jurisdictions, library_ids, open_framework, sectors, select_files
    from ...frameworks.jurisdictions import INTERNATIONAL

    if followed:
        wanted = [reference.id for reference in followed.plan.frameworks]
        missing = [name for name in wanted if name not in library_ids()]
        if missing:
            raise UsageError("texts-not-here", f"not in the library: {', '.join(missing)}", "Run the plan yourself.")
        return [open_framework(name) for name in wanted]
    asked = task.asked
    if asked.frameworks or asked.jurisdictions:
        return select_files(asked.frameworks, asked.jurisdictions)
    codes = known_jurisdictions([code.upper() for code in card.system.jurisdictions])
    codes = codes or known_jurisdictions([task.jurisdiction]) or [INTERNATIONAL]
    return select_files((), codes, card.system.sector if card.system.sector in sectors() else None)


def _followed(task: Task) -> Followed | None:
    from ...plan import Followed, check_plan
    from ...records.plan import Plan
    from ...trust.saying import reread

    if not task.plan:
        return None
    heard = reread(task.plan.encode())
    plan = check_plan(heard.record(Plan), name=heard.id[7:23])
    return Followed(plan, heard.id, heard.raw, task.plan_proof.encode(), task.asked.deviate)


def _without_place(made: Assessment, folder: Path) -> Assessment:
    """Take out where on this machine the upload lies, should an inspector's failure name it."""
    from msgspec.structs import replace

    place = f"{folder}/"
    items = tuple(
        replace(item, detail=item.detail.replace(place, "")) if place in item.detail else item for item in made.evidence
    )
    return replace(made, evidence=items)


def _publishable(
    made: Assessment, frameworks: Sequence[FrameworkFile], inspectors: Sequence[Inspector], terms: object
) -> Assessment:
    """Take small counts of persons out, and judge what is left: a node publishes nothing else (contracts)."""
    from msgspec.structs import replace

    from ...commons.assessments.small_counts import small_counts, without_small_counts
    from ...frameworks import Terms
    from ...judge import judge_again

    assert isinstance(terms, Terms)
    if not small_counts(made):
        return made
    known = replace(terms, known_digests=made.subject.digests)
    return judge_again(replace(made, evidence=without_small_counts(made)), frameworks, known, inspectors)


def _write(folder: Path, made: Assessment, beside: dict[str, bytes]) -> None:
    """Write the report, whole or not at all: whoever finds it after a crash need not measure again."""
    from ...records import to_readable_json
    from ...subjects import REPORT_MARKER
    from ...trust.files import Files, put_all
    from ...trust.sealing import RECORD

    fresh = folder / f"{REPORT}.new"
    fresh.mkdir(mode=0o700, exist_ok=True)
    (fresh / REPORT_MARKER).touch()
    put_all(Files(), fresh, {fresh / name: data for name, data in (beside | {RECORD: to_readable_json(made)}).items()})
    fresh.rename(folder / REPORT)


def _stage(stage: Stage) -> Told:
    return Told(event=Event(kind="stage", stage=stage))


def _result(event: Measured, target: Target) -> Told:
    from ...reports.visible import visible
    from ...summary import worst_finding

    item, part = event.evidence, event.step.part
    worst = worst_finding(item.findings)
    return Told(
        event=Event(
            kind="result",
            stage="measuring",
            inspector=item.inspector,
            title=event.step.inspector.title[:_LONGEST],
            part=visible((part.path or target.subject.name) if part else "", longest=200),
            status=item.status,
            detail=visible(item.detail.replace(f"{Path.cwd()}/", ""), longest=_LONGEST),
            measurements=len(item.measurements),
            findings=len(item.findings),
            worst=worst.severity if worst else "",
            reused=event.reused,
            seconds=item.seconds,
            done=event.done,
            total=event.of,
        )
    )


def _failure(error: AccordError) -> Failure:
    from ...reports.visible import visible

    message = error.message.replace(f"{Path.cwd()}/", "")
    return Failure(code=error.code, message=visible(message, keep="\n"), remedy=visible(error.remedy, longest=_LONGEST))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
