"""Reading SSSOM TSV that anybody may have written: every problem at once, with line, column and remedy.

A bad row is kept out and the next one is read. Rows shorter than the heading are completed with empty cells, as the
writers of most published files leave trailing cells away; a row whose cells stand under the wrong headings is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ..errors import AccordError, LimitExceeded, MalformedInput
from ..frameworks.yaml_reading import read_yaml
from ..records.crosswalk import RELATIONS, Edge, MappingSet, Relation, RowProblem
from .relations import CONVERSE
from .sssom import NEGATED, PREDICATES, READ_AS
from .sssom_cells import (
    MAX_CELL,
    NO_TERM,
    STEERS,
    RowError,
    UndeclaredPrefix,
    check_cells,
    check_characters,
    date_in,
    justification_in,
    reference_in,
)

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 50_000
_MAX_COLUMNS = 100
_MAX_LINES_OF_A_ROW = 50
_UNSTATED = 0.5

_REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_READ = frozenset(
    (
        *("subject_id", "subject_label", "predicate_id", "predicate_label", "predicate_modifier"),
        *("object_id", "object_label", "mapping_justification", "author_id", "author_label", "mapping_date"),
        *("confidence", "comment", "source_document", "mapping_provider"),
    )
)


def read_sssom(data: bytes, *, name: str) -> MappingSet:
    """Read an SSSOM TSV file with embedded metadata.

    Raises LimitExceeded for more than 8 MiB or 50,000 rows, and MalformedInput for what is not UTF-8. All else that
    is wrong with it is in the result's `problems`.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("sssom-too-large", f"{name}: more than {MAX_BYTES} bytes", "Split the file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedInput(
            "sssom-not-utf8", f"{name}: byte {error.start} is not UTF-8", "Save it as UTF-8."
        ) from None
    return _Reading(name, text.replace("\r\n", "\n").split("\n")).result()


class _Reading:
    """One pass over the lines of a file."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self.problems: list[RowProblem] = []
        self.edges: list[Edge] = []
        self.at: list[int] = []
        self.left_out = 0
        self.rows = 0
        self._steered = any(map(STEERS.search, lines))
        self._seen: dict[tuple[str, str], tuple[Relation, int]] = {}
        self._labels: dict[str, tuple[str, int]] = {}

    def result(self) -> MappingSet:
        first = next((i for i, line in enumerate(self.lines) if not line.startswith("#")), len(self.lines))
        metadata = self._metadata(self.lines[:first])
        licence = metadata.get("license")
        if not isinstance(licence, str) or not licence.strip():
            self._report(
                0,
                "license",
                "the licence is missing",
                "Add `license:` with its address: without one, nobody may reuse it.",
            )
            licence = ""
        prefixes = metadata.get("curie_map")
        if not isinstance(prefixes, dict):
            self._report(
                0, "curie_map", "the CURIE map is missing", "Add `curie_map:` with the address of each prefix."
            )
            prefixes = None
        self._mappings(first, metadata, None if prefixes is None else frozenset(map(str, prefixes)))
        return MappingSet(
            name=self.name,
            id=str(metadata.get("mapping_set_id") or ""),
            licence=licence,
            rows=self.rows,
            edges=tuple(self.edges),
            lines=tuple(self.at),
            left_out=self.left_out,
            problems=tuple(sorted(self.problems, key=lambda problem: problem.line)),
        )

    def _report(
        self, line: int, column: str, message: str, remedy: str, severity: Literal["error", "notice"] = "error"
    ) -> None:
        self.problems.append(RowProblem(line=line, column=column, severity=severity, message=message, remedy=remedy))

    def _metadata(self, lines: Sequence[str]) -> dict[str, Any]:
        try:
            found = read_yaml("\n".join(line[1:] for line in lines).encode(), name="metadata")
        except AccordError as error:
            self._report(1, "", error.message, "Write the lines that start with # as YAML.")
            return {}
        if isinstance(found, dict):
            return found
        if lines:
            self._report(1, "", "the metadata is not a mapping", "Write `key: value` after each #.")
        return {}

    def _mappings(self, first: int, metadata: dict[str, Any], prefixes: frozenset[str] | None) -> None:
        if first >= len(self.lines) or not self.lines[first].strip():
            self._report(first + 1, "", "the line with the column names is missing", "Put it right after the metadata.")
            return
        heading = [name.strip() for name in self.lines[first].split("\t")]
        if len(heading) > _MAX_COLUMNS or len(set(heading)) < len(heading):
            self._report(first + 1, "", "too many columns, or one named twice", "Name every column once.")
            return
        missing = [column for column in _REQUIRED if column not in heading]
        if missing:
            self._report(first + 1, missing[0], f"no column {', '.join(missing)}", "Add it; separate columns by tabs.")
            return
        shared = {key: value for key, value in metadata.items() if key in _READ and isinstance(value, str)}
        undeclared: dict[str, list[int]] = {}
        for line, cells in self._cells(first + 1):
            self.rows += 1
            if self.rows > MAX_ROWS:
                raise LimitExceeded("sssom-too-large", f"{self.name}: more than {MAX_ROWS} rows", "Split the file.")
            try:
                self._row(line, heading, cells, shared, prefixes)
            except RowError as error:
                self._report(line, error.column, error.message, error.remedy)
            except UndeclaredPrefix as error:
                undeclared.setdefault(str(error), []).append(line)
        for prefix, rows in undeclared.items():
            what = f"the prefix {prefix[:60]!r} is not in the CURIE map (in {len(rows)} rows)"
            self._report(rows[0], "curie_map", what, "Declare it at the top.")

    def _cells(self, start: int) -> Iterator[tuple[int, list[str]]]:
        """Yield each row's line number and cells; a quoted cell may run over several lines."""
        import csv

        lines, index = self.lines, start
        while index < len(lines):
            line, number = lines[index], index + 1
            index += 1
            if not line.strip():
                continue
            if line.startswith("#"):
                self._report(number, "", "a line of metadata after the column names", "Move it to the top.")
                continue
            if '"' not in line:
                yield number, line.split("\t")
                continue
            end = index
            last = min(len(lines), index + _MAX_LINES_OF_A_ROW)
            while line.count('"') % 2 and end < last and len(line) < _MAX_COLUMNS * MAX_CELL // 10:
                line, end = f"{line}\n{lines[end]}", end + 1
            try:
                yield number, next(csv.reader([line], delimiter="\t", strict=True))
                index = end
            except (csv.Error, StopIteration):
                self._report(number, "", "a quotation mark is not closed", 'Write "…" around the cell, "" within it.')

    def _row(
        self,
        line: int,
        heading: Sequence[str],
        cells: Sequence[str],
        shared: dict[str, str],
        prefixes: frozenset[str] | None,
    ) -> None:
        row = dict(zip(heading, cells, strict=False))
        check_cells(heading, cells, row)
        if self._steered:
            check_characters(heading, cells)
        self._check_labels(line, row)
        if NO_TERM in (row.get("subject_id"), row.get("object_id")):
            self.left_out += 1
            return
        if shared:
            row = {**shared, **{column: value for column, value in row.items() if value}}
        justification = justification_in(row)
        relation = self._relation(line, row)
        subject, object_ = reference_in(row, "subject_id", prefixes), reference_in(row, "object_id", prefixes)
        if subject.partition("#")[0] == object_.partition("#")[0]:
            what = "a requirement mapped to itself" if subject == object_ else "both sides are of one framework"
            raise RowError("object_id", what, "A crosswalk goes from one framework to another.")
        edge = Edge(
            subject=subject,
            relation=relation,
            object=object_,
            justification=justification,
            confidence=self._confidence(line, row),
            source=row.get("source_document") or row.get("mapping_provider") or self.name,
            author=row.get("author_label") or row.get("author_id", ""),
            date=date_in(row.get("mapping_date", "")),
            comment=row.get("comment", ""),
        )
        self._check_once(line, edge)
        self.edges.append(edge)
        self.at.append(line)

    def _relation(self, line: int, row: dict[str, str]) -> Relation:
        predicate, modifier = row.get("predicate_id", ""), row.get("predicate_modifier", "")
        relation = READ_AS.get(predicate)
        if relation is None:
            remedy = f"Use one of: {', '.join(READ_AS)}."
            if predicate.endswith("noMatch"):
                remedy = f"Write skos:relatedMatch with predicate_modifier {NEGATED}, or {NO_TERM} as the other side."
            raise RowError("predicate_id", f"unknown predicate {predicate[:60]!r}", remedy)
        if modifier not in ("", NEGATED):
            raise RowError("predicate_modifier", f"unknown modifier {modifier!r}", "Write Not, or nothing.")
        if modifier:
            if predicate != "skos:relatedMatch":
                raise RowError(
                    "predicate_modifier",
                    f"not {predicate} leaves open how the two relate",
                    "Negate skos:relatedMatch if they have nothing in common.",
                )
            relation = "none"
        label = row.get("predicate_label", "")
        if label in RELATIONS:
            stated: Relation = label
            if PREDICATES[stated] != predicate or (stated == "none") != bool(modifier):
                raise RowError("predicate_label", f"{predicate} labelled {label!r}", "Let the two say the same.")
            return stated
        if predicate == "skos:closeMatch":
            self._report(
                line,
                "predicate_id",
                "a close match is read as intersects",
                "Use exactMatch if one shows the other.",
                "notice",
            )
        return relation

    def _confidence(self, line: int, row: dict[str, str]) -> float:
        text = row.get("confidence", "")
        if not text:
            self._report(line, "confidence", f"no confidence: read as {_UNSTATED}", "State one from 0 to 1.", "notice")
            return _UNSTATED
        try:
            value = float(text) if text.isascii() and len(text) <= 20 else -1.0
        except ValueError:
            value = -1.0
        if not 0.0 <= value <= 1.0:
            raise RowError("confidence", f"{text[:40]!r} is not a number from 0 to 1", "Write one such as 0.8.")
        return value

    def _check_labels(self, line: int, row: dict[str, str]) -> None:
        """An id that bears another label than before: in a real published file a column had slipped by a row."""
        for side in ("subject", "object"):
            label = row.get(f"{side}_label")
            if not label:
                continue
            reference = row.get(f"{side}_id", "")
            if reference == NO_TERM:
                continue
            before, where = self._labels.setdefault(reference, (label, line))
            if before != label:
                self._report(
                    line,
                    f"{side}_label",
                    f"{reference} is labelled {label!r} here and {before!r} in line {where}",
                    "Check which of the two cells is meant.",
                    "notice",
                )

    def _check_once(self, line: int, edge: Edge) -> None:
        forward, backward = (edge.subject, edge.object), (edge.object, edge.subject)
        if found := self._seen.get(forward):
            before, where = found
        elif found := self._seen.get(backward):
            before, where = CONVERSE[found[0]], found[1]
        else:
            self._seen[forward] = (edge.relation, line)
            return
        if before == edge.relation:
            raise RowError("object_id", f"the same as line {where}", "Remove one of them.")
        raise RowError("predicate_id", f"line {where} relates the two as {before}, not {edge.relation}", "Keep one.")
