"""`openness.licence_files`: which licence a work declares, whether that can be told, and whether its text is there."""

from __future__ import annotations

from ...instruments.licences import (
    RECOGNISABLE,
    Declaration,
    Expression,
    LicenceText,
    find_declarations,
    find_texts,
    read_expression,
)
from ...measures.derive import fact
from ...records import Finding, Measurement, Place, Value
from ..interface import FindingRule, Inspection, Outcome, inspector

NO_LICENCE = FindingRule(
    "LIC-001",
    "high",
    "Nothing in this folder says under which licence it may be used.",
    "Add a LICENSE file with the licence's text, and declare its SPDX id where the format has a field for it.",
    ("OSPS-LE-02.01", "OSPS-LE-03.01", "ISO/IEC 5230:2020"),
)
MISMATCH = FindingRule(
    "LIC-002",
    "medium",
    "{declaring} declares {declared}, but {holding} says {found}.",
    "Find out which of the two the owner means, and correct the other.",
    ("ISO/IEC 5230:2020",),
)
FAMILY = FindingRule(
    "LIC-005",
    "medium",
    "{path} names {licence}: that is a family of licences, or none, and does not say what is allowed.",
    "Declare the SPDX id of the licence that is meant, with its version.",
    ("SPDX Specification 2.3, Annex D",),
)
NOT_SPDX = FindingRule(
    "LIC-008",
    "low",
    "{path} declares {licence}, which is {problem}.",
    "Use an id of the SPDX licence list, or LicenseRef-NAME with the text in the folder.",
    ("SPDX Specification 2.3, Annex D", "PEP 639"),
)


@inspector(
    "openness.licence_files",
    version="1",
    kinds={"folder"},
    measures=("openness.declared_licence", "openness.licence_expression_valid", "openness.licence_text_present"),
    rules=(NO_LICENCE, MISMATCH, FAMILY, NOT_SPDX),
    isolation="decode",
    libraries=("license-expression",),
)
def inspect_licence_files(inspection: Inspection) -> Outcome:
    """The licence that a folder declares, and its text.

    What it measures
        The licence that the folder's own files declare; whether that is a valid SPDX expression; whether a licence text
        is there. No unit: these are facts that were read.

    Why it matters
        Without a licence nobody but the owner may use, change or pass on the work. A tag such as `other` or `openrail`
        sounds open and permits nothing that could be checked.

    Method
        Reads pyproject.toml, setup.cfg, package.json, PKG-INFO, *.dist-info/METADATA and the front matter of README.md
        at the folder's root, without running anything. Expressions are checked with `license-expression` and its
        SPDX list. Licence texts are known by marks for 21 common licences. Facts that were read have no interval.

    Limits
        Licence notices inside source files, licences of dependencies, and the rights in data and weights are not looked
        at. A text under 21 common licences is recognised, another is only noticed. Symbolic links are not followed.

    References
        SPDX Specification 2.3, Annex D; PEP 639; ISO/IEC 5230:2020; OpenSSF OSPS Baseline, LE-02 and LE-03.
    """
    subject = inspection.part.digest
    declarations = find_declarations(inspection.path)
    texts = find_texts(inspection.path)
    read = [(declaration, read_expression(declaration.text)) for declaration in declarations]
    return Outcome(
        measurements=_measurements(subject, read, texts),
        findings=tuple(_findings(subject, read, texts)),
        checked=("what the folder's metadata files declare", "licence texts at its root"),
        not_checked=(
            "notices inside source files",
            "licences of dependencies",
            "whether whoever grants the licence has the rights",
        ),
    )


Read = list[tuple[Declaration, Expression]]


def _measurements(subject: str, read: Read, texts: list[LicenceText]) -> tuple[Measurement, ...]:
    method = "read from the folder's metadata files"
    if read:
        said = tuple(dict.fromkeys(expression.text for _, expression in read))
        declared = _fact(subject, "declared_licence", " AND ".join(said) if len(said) > 1 else said[0], method)
        valid = _fact(
            subject, "licence_expression_valid", all(e.valid for _, e in read), "SPDX expression syntax and ids"
        )
    else:
        declared = _fact(subject, "declared_licence", None, method, "no file declares a licence")
        valid = _fact(
            subject, "licence_expression_valid", None, "SPDX expression syntax and ids", "nothing is declared"
        )
    return declared, valid, _fact(subject, "licence_text_present", bool(texts), "looked for licence files")


def _fact(subject: str, name: str, value: Value, method: str, reason: str | None = None) -> Measurement:
    return fact(f"openness.{name}", value, subject=subject, method=method, reason=reason)


def _findings(subject: str, read: Read, texts: list[LicenceText]) -> list[Finding]:
    if not read and not texts:
        return [NO_LICENCE.at(subject)]
    findings = []
    for declaration, expression in read:
        place, licence = Place(path=declaration.path), expression.text
        if expression.family:
            findings.append(FAMILY.at(subject, place, path=declaration.path, licence=licence))
        elif expression.deprecated:
            problem = f"deprecated by SPDX ({', '.join(expression.deprecated)})"
            findings.append(NOT_SPDX.at(subject, place, path=declaration.path, licence=licence, problem=problem))
        elif not expression.valid:
            problem = "no SPDX expression"
            findings.append(NOT_SPDX.at(subject, place, path=declaration.path, licence=licence, problem=problem))
    return findings + _mismatches(subject, read, texts)


def _mismatches(subject: str, read: Read, texts: list[LicenceText]) -> list[Finding]:
    """Two declarations without a licence in common, or a declaration none of whose licences has its text here."""
    known = [(declaration, expression) for declaration, expression in read if expression.ids]
    if not known:
        return []
    first, said = known[0]
    findings = [
        MISMATCH.at(
            subject,
            Place(path=other.path),
            declaring=first.path,
            declared=said.text,
            holding=other.path,
            found=expression.text,
        )
        for other, expression in known[1:]
        if not _families(said.ids) & _families(expression.ids)
    ]
    found = frozenset(identifier for text in texts for identifier in text.ids)
    certain = said.ids <= RECOGNISABLE or sum(len(text.licences) for text in texts) == 1
    if certain and found and all(text.licences for text in texts) and not _families(said.ids) & _families(found):
        findings.append(
            MISMATCH.at(
                subject,
                Place(path=texts[0].path),
                declaring=first.path,
                declared=said.text,
                holding=texts[0].path,
                found=" or ".join(sorted(found)),
            )
        )
    return findings


def _families(ids: frozenset[str]) -> set[str]:
    """Ids without what a text does not tell: -only or -or-later."""
    return {identifier.removesuffix("-only").removesuffix("-or-later") for identifier in ids}
