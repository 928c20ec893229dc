"""`model_files.format`: what a model file is, whether its header holds, and whether opening it can run code."""

from __future__ import annotations

from pathlib import PurePosixPath

from ...instruments.model_formats import KINDS, Header, Problem, read_header
from ...instruments.model_formats.interface import shorten
from ...records import Finding, Measurement, Part, Place, Value
from ..interface import FindingRule, Inspection, Outcome, Skip, inspector

WRONG_EXTENSION = FindingRule(
    "MOD-004",
    "medium",
    "The name ends in {extension}, but the content is {kind}.",
    "Name the file after its content. Find out who gave it this name: scanners that trust names pass it by.",
    ("CVE-2025-1889", "CVE-2025-10155"),
)
UNSAFE_TEMPLATE = FindingRule(
    "MOD-005",
    "critical",
    "The chat template does more than format text: {text}.",
    "Do not load the file with a runtime that renders its template outside a sandbox. Replace the template.",
    ("CVE-2024-34359", "CVE-2026-5760", "CWE-1336"),
)
RUNS_CODE = FindingRule(
    "MOD-006",
    "high",
    "The file carries or asks for code, or for files elsewhere: {text}.",
    "Load it only if you trust its maker, in isolation; ask for weights alone, in a format without code.",
    ("CWE-502", "CWE-94", "CWE-22", "CVE-2024-3660", "CVE-2025-1550"),
)
MALFORMED = FindingRule(
    "MOD-007",
    "high",
    "The header does not follow its format: {text}.",
    "Do not load the file; obtain it again from its source and compare the digest.",
    ("CWE-20", "CWE-1284"),
)
ARCHIVE_MISMATCH = FindingRule(
    "MOD-010",
    "high",
    "The archive says different things to different readers: {text}.",
    "Do not load the file: what a scanner sees may not be what a loader loads. Obtain it again from its source.",
    ("CVE-2025-1944", "CVE-2025-1945", "CVE-2025-10156", "CWE-22"),
)
RESOURCE_BOMB = FindingRule(
    "MOD-011",
    "high",
    "Reading the file would cost out of proportion: {text}.",
    "Do not load the file without limits on memory and time.",
    ("CWE-400", "CWE-409"),
)
_RULES = {
    rule.id: rule for rule in (WRONG_EXTENSION, UNSAFE_TEMPLATE, RUNS_CODE, MALFORMED, ARCHIVE_MISMATCH, RESOURCE_BOMB)
}

# The kinds that extensions may stand for. An extension that is not here claims nothing.
_CLAIMED: tuple[tuple[str, str], ...] = (
    (".safetensors", "safetensors"),
    (".gguf", "gguf"),
    (".onnx", "onnx"),
    (".npy", "numpy"),
    (".npz", "numpy_zip"),
    (".keras", "keras"),
    (".h5 .hdf5 .hdf .he5", "hdf5"),
    (".pt .pth .ckpt", "pytorch torchscript pickle"),
    (".pkl .pickle .joblib .sav .p", "pickle joblib pytorch torchscript"),
    (".zip", "pytorch torchscript keras numpy_zip"),
    (".gz .z .bz2 .xz .lzma", "joblib"),
    # names under which nobody expects a model
    (".txt .md .rst .json .jsonl .csv .tsv .yaml .yml .toml .ini .xml .html", ""),
    (".png .jpg .jpeg .gif .webp .pdf .py .parquet .whl .tar", ""),
)
_CLAIMS = {extension: frozenset(kinds.split()) for group, kinds in _CLAIMED for extension in group.split()}
# What a file that is named like a model may turn out to be. Tables and other zips have inspectors of their own.
_NO_MODELS = frozenset({"text", "json", "unknown", "empty", "tar", "wheel", "image", "pdf"})
_UNTRUSTED = "the header is malformed, so its counts mean nothing"


@inspector(
    "model_files.format",
    version="1",
    measures=(
        "model_files.format",
        "model_files.header_valid",
        "model_files.can_execute_code",
        "model_files.tensors",
        "model_files.parameters",
    ),
    kinds=KINDS | _NO_MODELS,
    rules=tuple(_RULES.values()),
    isolation="decode",
    libraries=("jinja2",),
)
def read_format(inspection: Inspection) -> Outcome:
    """What a model file is, and whether its header holds.

    What it measures
        The format by content, whether the header holds together, the number of tensors and parameters where the header
        tells, and whether opening the file by its usual means can run code that it carries.

    Why it matters
        A model file is a program's input, and for some formats a program. A name that lies, a length that lies, or an
        archive that shows one thing to a scanner and another to a loader is how malicious models have passed checks.

    Method
        Headers only, by our own readers with limits; no framework is loaded, nothing is unpickled or rendered.
        safetensors: ranges cover the data exactly. GGUF: counts, types, alignment and bounds; the chat template is
        parsed and every name outside a list of harmless ones is reported. ONNX: a walk over the graph for operators of
        foreign domains and data in files outside its folder; constants count as tensors. NumPy: the header by a strict
        grammar; arrays of objects are pickles. PyTorch and Keras: central directory against local headers; Keras'
        configuration is searched for Lambda layers and objects from elsewhere. All values are facts that were read, in
        tensors and elements; they have no uncertainty.

    Limits
        Weights are not looked at: a backdoor in them is not found. Pickles are judged by model_files.pickles. The
        tensors of PyTorch, Keras and HDF5 files are not counted, because they stand in a pickle or in HDF5. A clean
        chat template is one without known ways out, not a proof. Headers over 16 MiB of JSON are not parsed.

    References
        The format descriptions of safetensors, ggml (GGUF), ONNX, NumPy, PyTorch, Keras 3 and HDF5; PKWARE APPNOTE;
        CWE-20, CWE-22, CWE-409, CWE-502, CWE-1336; MITRE ATLAS AML.T0011.
    """
    part = inspection.part
    name = part.path or inspection.root.name
    extension = PurePosixPath(name).suffix.lower()
    if part.kind in _NO_MODELS:
        return _no_model(part, extension)
    header = read_header(inspection.path, part.kind)
    findings = [_finding(problem, part.digest, part.path) for problem in header.problems]
    if part.kind not in _CLAIMS.get(extension, {part.kind}):
        findings.insert(0, WRONG_EXTENSION.at(part.digest, Place(path=part.path), extension=extension, kind=part.kind))
    return Outcome(
        measurements=_measurements(header, part.digest),
        findings=tuple(findings),
        checked=_checked(header),
        not_checked=("the weights themselves", *header.not_checked),
        bytes_read=header.bytes_read,
    )


def _no_model(part: Part, extension: str) -> Outcome:
    """A file that only its name makes a model: cut short, a pointer to where the file lies, or a lie."""
    if part.role != "model":
        raise Skip("not_applicable", "this is no model file")
    kind = "of no format that Accord knows" if part.kind == "unknown" else part.kind
    fact = Measurement(
        measure="model_files.format", subject=part.digest, value=part.kind, unit="text", method="content of the file"
    )
    return Outcome(
        measurements=(fact,),
        findings=(WRONG_EXTENSION.at(part.digest, Place(path=part.path), extension=extension, kind=kind),),
        checked=("the extension against the content",),
        not_checked=("what the file is meant to be",),
    )


def _finding(problem: Problem, digest: str, path: str) -> Finding:
    offset = problem.offset if problem.offset is not None and 0 <= problem.offset < 2**63 else None
    member = None if problem.member is None else shorten(problem.member)
    text = shorten(f"{member!r}: {problem.text}" if member else problem.text, 400)
    where = Place(path=path, member=member, offset=offset)
    return _RULES[problem.rule].at(digest, where, severity=problem.severity, text=text)


def _measurements(header: Header, digest: str) -> tuple[Measurement, ...]:
    def fact(name: str, value: Value, unit: str, reason: str) -> Measurement:
        return Measurement(
            measure=f"model_files.{name}",
            subject=digest,
            value=value,
            unit=unit,
            method=f"header of {header.format}{' ' + header.version[:20] if header.version else ''}",
            reason=reason if value is None else None,
        )

    counted = header.valid and (header.parameters or 0) < 2**63
    untold = "the header does not tell" if header.valid else _UNTRUSTED
    return (
        fact("format", header.format, "text", ""),
        fact("header_valid", header.valid, "bool", ""),
        fact("can_execute_code", header.executes, "bool", "this reader can't tell"),
        fact("tensors", header.tensors if counted else None, "count", untold),
        fact("parameters", header.parameters if counted else None, "count", untold),
    )


def _checked(header: Header) -> tuple[str, ...]:
    special = {
        "safetensors": ("every tensor's type, shape and range", "that the ranges cover the data exactly"),
        "gguf": ("all metadata and tensor descriptions", "the chat template, parsed"),
        "onnx": ("every operator's domain", "every tensor's dimensions and data location"),
        "numpy": ("type, shape and size of every array", "whether an array holds objects"),
        "numpy_zip": ("directory against local headers", "type, shape and size of every array"),
        "pytorch": ("directory against local headers", "the folder layout"),
        "torchscript": ("directory against local headers", "the folder layout", "whether there is code"),
        "keras": ("directory against local headers", "every object of the configuration"),
        "hdf5": ("signature and superblock", "Lambda layers in the first 16 MiB, by their text"),
    }
    return ("the extension against the content", *special.get(header.format, ("protocol or compression",)))
