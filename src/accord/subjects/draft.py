"""Draft a system card for a target: what can be found is filled in, what only a person can know is asked for.

A guess is marked as one. What is left uncommented is always a card that `read_card` accepts.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import UsageError
from ..records import Question
from .card import CARD_NAME
from .column_words import LABEL, PREDICTION, PROTECTED, SCORE
from .columns import MAX_VALUES, Column, read_columns
from .parts import MODEL_KINDS, TABLE_KINDS
from .paths import is_text, path_problem, shown
from .recognise import recognise

MAX_FILES = 5000
MAX_TABLES = 20

# Kinds of `accord.documents` by the file names that are usual in the field.
_TEXT_FILE = r"\.(md|markdown|txt|rst|html?|pdf|docx|odt)"


def _named(words: str) -> re.Pattern[str]:
    """A file name that is `words` (a blank stands for any joint) or has them first or last, as `acme-model-card-v2`."""
    joined = words.replace(" ", "[-_. ]?")
    return re.compile(rf"(?:[^/]*[-_. ])?(?:{joined})(?:[-_. ][^/]*)?{_TEXT_FILE}", re.IGNORECASE)


_DOCUMENTS = (
    ("model_card", _named("model card|system card")),
    ("datasheet", _named("data sheet|data card|data ?set card")),
    ("licence", re.compile(rf"(licen[cs]e|copying)([-_][\w-]{{1,40}})?({_TEXT_FILE})?", re.IGNORECASE)),
    ("security", _named("security|security policy|security concept")),
    ("risk_management", _named("risk management|risk assessment|risk register|risk file")),
    ("impact_assessment", _named("impact assessment|fria|dpia|aia")),
    ("technical_documentation", _named("technical documentation|technical file|annex iv")),
    ("instructions_for_use", _named("instructions? for use|instructions of use|ifu|user manual|user guide")),
    ("declaration_of_conformity", _named("declaration of conformity|eu declaration")),
    ("quality_management", _named("quality management|quality manual|qms")),
    ("post_market_monitoring", _named("post market|monitoring plan|pmm plan")),
    ("incident_response", _named("incident response|incident plan")),
    ("privacy_notice", _named("privacy|privacy notice|privacy policy")),
    ("copyright_policy", _named("copyright policy")),
    ("patent_notices", re.compile(rf"patents?({_TEXT_FILE})?", re.IGNORECASE)),
    ("training_data_summary", _named("training data summary|training content summary")),
    ("test_report", _named("test report|evaluation report")),
)
_SYSTEM_QUESTIONS = (
    ("version", '""', "the version that is assessed"),
    ("purpose", '""', "what the system is for, in one sentence"),
    ("sector", '""', "for example health, education, justice, employment, credit, public services"),
    ("jurisdictions", '["EU"]', "where it is, or will be, in use"),
    ("provider", '""', "who made it and answers for it"),
    ("deployer", '""', "who puts it to use"),
    ("users", '""', "who works with it"),
    ("affected", '""', "about whom it decides, or whom its output reaches"),
    ("human_oversight", '""', "who can stop or overrule it, and how"),
    ("sdgs", "[16]", "the Sustainable Development Goals that it serves, 1 to 17"),
)
_CONTEXT_QUESTIONS = (
    ("population", '""', "who the rows are about"),
    ("places", '[""]', "where they come from"),
    ("period", '""', "from when to when they were collected"),
    ("sampling", '""', "how they were chosen: all cases, a random sample, volunteers"),
    ("holder", '""', "who held the data during the test"),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """Files of the target that a card can name: paths relative to it."""

    tables: tuple[str, ...]
    models: tuple[str, ...]
    documents: tuple[tuple[str, str], ...]
    unnamable: tuple[str, ...]


def draft_card(
    target: Path,
    *,
    jurisdictions: Sequence[str] = (),
    questions: Sequence[tuple[str, Sequence[Question]]] = (),
) -> str:
    """Return the text of a card (TOML) for a file or folder; its uncommented lines are a card that reads.

    `jurisdictions` are stated on the card. `questions` come commented out, to be answered, each group under its
    heading. Raises UsageError if the target is neither a file nor a folder, Unavailable if a file can't be read.
    """
    if not (target.is_dir() or target.is_file()):
        raise UsageError("bad-target", f"{shown(target)} is neither a file nor a folder", "Name a file or a folder.")
    found = _find(target)
    lines = [
        "# The system card: what nobody can measure. Every key is optional.",
        "# Drafted by `accord init`. Lines that begin with # say what only you can know: complete and uncomment them.",
        "",
        "[system]",
        f"name = {_quote(target.resolve().name)}",
        *_system_lines(jurisdictions),
        "",
        *_data_section(target, found.tables),
        *_model_section(found.models),
        *_documents_section(found.documents),
        "# [context]",
        *_questions(_CONTEXT_QUESTIONS),
        *_answers_section(questions),
    ]
    lines += [f"# {_quote(path)} can't be named in a card: rename it" for path in found.unnamable[:10]]
    return "\n".join(lines) + "\n"


def _find(target: Path) -> _Found:
    tables: list[str] = []
    models: list[str] = []
    documents: dict[str, str] = {}
    unnamable: list[str] = []
    for path in _files(target):
        place = target / path if target.is_dir() else target
        if not is_text(path) or path_problem(path) is not None:
            unnamable.append(path)
            continue
        kind = recognise(place)
        if kind in TABLE_KINDS:
            tables.append(path)
        elif kind in MODEL_KINDS:
            models.append(path)
        for name, pattern in _DOCUMENTS:
            if pattern.fullmatch(PurePosixPath(path).name):
                documents.setdefault(name, path)
    return _Found(tuple(tables), tuple(models), tuple(documents.items()), tuple(unnamable))


def _files(target: Path) -> Iterable[str]:
    """Regular files below `target`, those nearer to its root first; hidden folders are left out."""
    if not target.is_dir():
        return [target.name]
    paths: list[str] = []
    for folder, names, files in os.walk(target):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            place = Path(folder) / name
            if name != CARD_NAME and place.is_file() and not place.is_symlink():
                paths.append(place.relative_to(target).as_posix())
        if len(paths) >= MAX_FILES:
            break
    return sorted(paths[:MAX_FILES], key=lambda path: (path.count("/"), path))


def _data_section(target: Path, tables: tuple[str, ...]) -> list[str]:
    if not tables:
        return ["# [data]", '# file = "predictions.csv"  # no table was found: is there one of outcomes?', ""]
    read = [(path, read_columns(target / path if target.is_dir() else target)) for path in tables[:MAX_TABLES]]
    path, columns = max(read, key=lambda item: _interest(item[1]))
    lines = ["[data]", f"file = {_quote(path)}{_others('table', tables)}"]
    if not columns:
        lines.append("# its columns are not read here; name them: label, prediction, sensitive")
    label = _first(columns, lambda column: column.name.lower() in LABEL) or _first(columns, _is_label)
    if label is not None:
        positive = _positive(label)
        guess = f"label = {{ column = {_quote(label.name)}, positive = {positive or 1} }}"
        lines.append(f"{'' if positive else '# '}{guess}  # a guess: is this the true outcome, and which value counts?")
    else:
        lines.append('# label = { column = "", positive = 1 }  # which column holds the true outcome?')
    lines += _prediction_lines(columns)
    lines.append('# favourable = "positive"  # which prediction is good for the person: "positive" or "negative"?')
    protected = [column for column in columns if _words(column) & PROTECTED]
    groups = [column.name for column in protected if len(column.values) < MAX_VALUES]
    if groups:
        lines.append(f"sensitive = [{', '.join(map(_quote, groups))}]  # a guess by their names: add, remove")
    else:
        lines.append('# sensitive = [""]  # which columns hold sex, age, origin, religion, disability …?')
    many = [_quote(column.name) for column in protected if column.name not in groups]
    if many:
        lines.append(f"# {', '.join(many)}: too many values to be groups; is there a column of bands?")
    lines.append('# reference = { sex = "Male" }  # the group that others are compared with, if one is usual')
    return [*lines, ""]


def _prediction_lines(columns: list[Column]) -> list[str]:
    """Uncommented where a column says by its name and its two values that it is a prediction; else a question."""
    predicted = _first(columns, lambda column: bool(_words(column) & PREDICTION))
    if predicted is not None and (positive := _positive(predicted)):
        rule = f'{{ op = "==", value = {positive} }}'
        return [f"prediction = {{ {_column(predicted)}, positive = {rule} }}  # a guess: is it the system's answer?"]
    scored = predicted or _first(columns, lambda column: bool(_words(column) & SCORE))
    if scored is not None:
        return [
            f'# prediction = {{ {_column(scored)}, positive = {{ op = ">=", value = 5 }} }}'
            "  # from which value on does the system act?"
        ]
    return ['# prediction = { column = "", positive = { op = "==", value = 1 } }  # which column is its answer?']


def _column(column: Column) -> str:
    """By index where the name occurs more than once, as a bare name would be ambiguous."""
    return f"index = {column.index}" if column.repeated else f"column = {_quote(column.name)}"


def _model_section(models: tuple[str, ...]) -> list[str]:
    if not models:
        return []
    return [
        "[model]",
        f"file = {_quote(models[0])}{_others('model file', models)}",
        '# base_model = ""  # what it was derived from, with its version',
        '# training = { tokens = 0, hours = 0.0, hardware = "", flop = 0.0 }  # what it took; flop: or [least, most]',
        "",
    ]


def _documents_section(documents: tuple[tuple[str, str], ...]) -> list[str]:
    lines = ["[documents]" if documents else "# [documents]"]
    lines += [f"{kind} = {_quote(path)}" for kind, path in documents]
    return [
        *lines,
        '# risk_management = ""  # a path inside the target; also: technical_documentation, datasheet …',
        "",
    ]


def _system_lines(jurisdictions: Sequence[str]) -> list[str]:
    lines = _questions(_SYSTEM_QUESTIONS)
    if not jurisdictions:
        return lines
    stated = f"jurisdictions = [{', '.join(map(_quote, jurisdictions))}]"
    return [stated if line.startswith("# jurisdictions") else line for line in lines]


def _answers_section(groups: Sequence[tuple[str, Sequence[Question]]]) -> list[str]:
    """Questions without a value: uncommented unread, they are a mistake that names its line, never an answer."""
    lines = (
        ["", "[answers]", "# Laws classify systems by these facts. Write true or false in place of ?."]
        if groups
        else []
    )
    for heading, questions in groups:
        lines.append(f"# {_one_line(heading)}")
        lines += [f"# {item.id} = ?  # {_one_line(item.text)} [{_one_line(item.source)}]" for item in questions]
    return lines


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _questions(questions: Iterable[tuple[str, str, str]]) -> list[str]:
    return [f"# {key} = {value}  # {question}" for key, value, question in questions]


def _others(noun: str, paths: tuple[str, ...]) -> str:
    return "" if len(paths) == 1 else f"  # {len(paths) - 1} more {noun}{'s' if len(paths) > 2 else ''} found"


def _interest(columns: list[Column]) -> int:
    return sum(
        3 * bool(_words(column) & PREDICTION) + 2 * _is_label(column) + bool(_words(column) & PROTECTED)
        for column in columns
    )


def _first(columns: list[Column], matches: Callable[[Column], bool]) -> Column | None:
    return next(filter(matches, columns), None)


def _is_label(column: Column) -> bool:
    name = column.name.lower()
    return name in LABEL or (name.startswith("is_") and len(column.values) == 2)


def _words(column: Column) -> set[str]:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.name).lower()
    return {name, *re.split(r"[\W_]+", name)}


def _positive(column: Column) -> str | None:
    """The value of a two-valued column that is positive by custom, as TOML; None if custom does not say."""
    if len(column.values) != 2:
        return None
    for negative, positive in (("0", "1"), ("false", "true"), ("no", "yes"), ("n", "y"), ("negative", "positive")):
        found = {value.lower(): value for value in column.values}
        if set(found) == {negative, positive}:
            return "1" if positive == "1" else _quote(found[positive])
    return None


def _quote(text: str) -> str:
    """A TOML basic string: JSON's escapes, and DEL and what is not text, which JSON would let through."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
