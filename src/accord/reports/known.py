"""What this installation knows of the ids in a record: names of measures and inspectors, texts of frameworks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from ..errors import AccordError
from ..records import Assessment, Framework
from .interface import Details


def known_details(assessment: Assessment, frameworks: Iterable[Framework] = ()) -> Details:
    """Return names and texts for an assessment. `frameworks` are those that the caller read from files of its own.

    A framework of the library is used only if its digest is the one that the assessment names: another version's
    titles would be put into its mouth. What is not known is left out; the page then shows ids.
    """
    from ..measures.catalogue import catalogue

    return Details(
        frameworks=(*frameworks, *_library(assessment)),
        measures=catalogue(),
        inspectors=dict(_titles({evidence.inspector for evidence in assessment.evidence})),
    )


def _titles(inspectors: Iterable[str]) -> Iterable[tuple[str, str]]:
    from ..inspectors.registry import load, modules

    for identifier in sorted(modules().keys() & set(inspectors)):
        # A plug-in that can't be imported here doesn't cost the report: its id is shown.
        with suppress(AccordError, ImportError):
            yield identifier, load(identifier).title


def _library(assessment: Assessment) -> Iterable[Framework]:
    from ..frameworks.loading import library_ids, open_framework

    ids = library_ids()
    for reference in assessment.frameworks:
        try:
            file = open_framework(reference.id) if reference.id in ids else None
        except AccordError:
            continue
        if file is not None and file.reference.digest == reference.digest:
            yield file.framework
