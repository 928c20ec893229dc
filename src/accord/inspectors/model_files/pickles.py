"""`model_files.pickles`: what opening a pickle would import and call, without opening it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...instruments.sandbox.frames import sanitise
from ...records import Finding, Measurement, Part, Place
from ..interface import FindingRule, Inspection, Outcome, inspector
from .pickle_containers import Embedded, Search, find_pickles
from .pickle_scan import Allowance, Defect, Kind, Scan, scan_streams

UNLISTED_GLOBAL = FindingRule(
    "MOD-001",
    "high",
    "Opening the pickle uses {name}, which is not proven safe: {text}.",
    "Ask its maker for the weights in a format without code (safetensors, ONNX, GGUF). Open it only in isolation, or "
    "after reading what {name} does.",
    ("CWE-502",),
)
DANGEROUS_GLOBAL = FindingRule(
    "MOD-002",
    "critical",
    "Opening the pickle uses {name}: {text}.",
    "Do not open the file. Treat the place that it came from as compromised.",
    ("CWE-502", "MITRE ATLAS AML.T0010.003"),
)
MALFORMED = FindingRule(
    "MOD-003",
    "high",
    "The file is not one well-formed pickle: {text}.",
    "Do not open the file: scanners and loaders may read it differently. Obtain it again from its source.",
    ("CWE-20", "CVE-2025-1944", "CVE-2025-1945", "CVE-2025-10156"),
)
RESOURCE_BOMB = FindingRule(
    "MOD-008",
    "high",
    "Opening the pickle would cost out of proportion: {text}.",
    "Do not open the file without limits on memory and time.",
    ("CWE-400", "CWE-409"),
)
EXECUTABLE_FORMAT = FindingRule(
    "MOD-009",
    "low",
    "The weights are given only in a format that can carry code.",
    "Publish them in safetensors, ONNX or GGUF too.",
    ("CWE-502",),
)
_RULES: dict[Kind, FindingRule] = {
    "unlisted": UNLISTED_GLOBAL,
    "dangerous": DANGEROUS_GLOBAL,
    "malformed": MALFORMED,
    "bomb": RESOURCE_BOMB,
}
_MOST_FINDINGS = 100
_MOST_NAMES = 1000
_WEIGHTS = frozenset({"pickle", "pytorch", "joblib"})
_ARCHIVES = frozenset({"pytorch", "torchscript", "numpy_zip", "zip"})
_SAFE_WEIGHTS = frozenset({"safetensors", "gguf", "onnx"})


@inspector(
    "model_files.pickles",
    version="1",
    measures=("model_files.pickle_globals", "model_files.pickle_unlisted_globals"),
    kinds={"pickle", "joblib", "pytorch", "torchscript", "numpy", "numpy_zip", "zip"},
    rules=(*_RULES.values(), EXECUTABLE_FORMAT),
    isolation="decode",
    libraries=("google-re2",),
)
def inspect_pickles(inspection: Inspection, *, memory_mib: int = 640, seconds: int = 60) -> Outcome:
    """What opening a pickle would import and call.

    What it measures
        The names that Python would import on opening the file, by file and archive member, and how many of them are not
        known to be harmless. Found besides: streams that are malformed, nested or doubled, archives that contradict
        themselves, and files that cost out of proportion.

    Why it matters
        A pickle is a program. Whoever opens one runs it with their own rights, before any model has been used; models
        in this format have carried back doors, stealers and miners.

    Method
        Nothing is loaded and nothing is imported. Python's own C unpickler follows the stream in a process without
        rights, with an inert stand-in for every name; so there is no second opinion about what executes. Before that an
        automaton walks the opcodes, executed or not; the two must agree. Each name is judged by an allow-list with a
        reason for every entry and by how it is used (called, or only built); extension codes count as names. Archives
        are read by central directory and local headers, whatever their flags and checksums say. Unit: names; a count of
        facts, without uncertainty.

    Limits
        A name outside the list is not proven safe; it is not proven harmful either. Names inside it are harmless by
        themselves: what a model does when it is used is not examined, nor are its weights. Streams that need more
        memory or time than the parameters allow are reported and not followed to their end. The content of 7z, tar and
        LZ4 files is not read, nor the code of TorchScript archives.

    References
        Python documentation: pickle, pickletools; PEP 307, PEP 3154, PEP 574; CWE-502, CWE-409; CVE-2025-1889,
        CVE-2025-1944, CVE-2025-1945, CVE-2025-10156; MITRE ATLAS AML.T0010.003; PickleBall (arXiv 2508.15987).
    """
    part = inspection.part
    search, scans = Search(), list[tuple[Embedded, Scan]]()
    allowance = Allowance(memory_mib << 20, float(seconds))
    certain, archive = part.kind in ("pickle", "joblib"), part.kind in _ARCHIVES
    for embedded in find_pickles(inspection.path, search, certain=certain, archive=archive):
        scan = scan_streams(embedded.source, allowance, torchscript=embedded.torchscript, start=embedded.start)
        scans.append((embedded, scan))
    findings = [*_findings(part, search, scans)]
    if scans and part.kind in _WEIGHTS and not any(other.kind in _SAFE_WEIGHTS for other in inspection.subject.parts):
        findings.append(EXECUTABLE_FORMAT.at(part.digest, Place(path=part.path)))
    return Outcome(
        measurements=_measurements(part, [scan for _, scan in scans]),
        findings=tuple(findings),
        checked=(_checked(search, scans),),
        not_checked=_not_checked(search, [scan for _, scan in scans]),
        bytes_read=part.size,
    )


def _measurements(part: Part, scans: list[Scan]) -> tuple[Measurement, ...]:
    names = sorted({sanitise(name, 300) for scan in scans for name in scan.globals})
    unlisted = {name for scan in scans for name in scan.unlisted}
    return (
        Measurement(
            measure="model_files.pickle_globals",
            subject=part.digest,
            value=tuple(names[:_MOST_NAMES]),
            unit="list",
            method="C unpickler with inert stand-ins, against a walk of the opcodes",
        ),
        Measurement(
            measure="model_files.pickle_unlisted_globals",
            subject=part.digest,
            value=len(unlisted),
            unit="count",
            method="names not on the allow-list, or used otherwise than it allows",
        ),
    )


def _findings(part: Part, search: Search, scans: list[tuple[Embedded, Scan]]) -> Iterable[Finding]:
    """The findings, the gravest first, at most `_MOST_FINDINGS`."""
    found: list[tuple[str | None, Defect]] = [
        (member, Defect("bomb" if bomb else "malformed", text)) for member, text, bomb in search.faults
    ]
    found += [(embedded.member, defect) for embedded, scan in scans for defect in scan.defects]
    order: list[Kind] = ["dangerous", "bomb", "malformed", "unlisted"]
    found.sort(key=lambda each: order.index(each[1].kind))
    seen: set[tuple[str | None, Kind, str, str | None]] = set()
    for member, defect in found:
        key = (member, defect.kind, defect.text, defect.name)
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > _MOST_FINDINGS:
            return
        offset = defect.offset if defect.offset is not None and defect.offset < 1 << 63 else None
        where = Place(path=part.path, member=None if member is None else sanitise(member, 300), offset=offset)
        arguments: dict[str, Any] = {"text": sanitise(defect.text, 300)}
        if defect.name is not None:
            arguments["name"] = sanitise(defect.name, 300)
        elif defect.kind in ("unlisted", "dangerous"):  # pragma: no cover - these always carry a name
            continue
        yield _RULES[defect.kind].at(part.digest, where, **arguments)


def _checked(search: Search, scans: list[tuple[Embedded, Scan]]) -> str:
    streams = sum(scan.streams for _, scan in scans)
    if search.members:
        return f"{streams} pickle streams in {search.members} members of the archive, every name that they import"
    if not scans:
        return "that there is no pickle in the file"
    return f"{streams} pickle {'stream' if streams == 1 else 'streams'}, every name that they import"


def _not_checked(search: Search, scans: list[Scan]) -> tuple[str, ...]:
    notes = {note for scan in scans for note in scan.notes}
    unread = [sanitise(text, 200) for text in search.unread[:20]]
    return ("what the model does when it is used", *sorted(notes), *unread)
