"""The edges that come with Accord (`edges/<a>--<b>.tsv`), and files of edges that a user adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ..errors import MalformedInput
from ..frameworks import library_ids
from ..frameworks.reading import read_file
from ..records.crosswalk import Edge, MappingSet, RowProblem
from .references import Tree, framework_of, requirement_of
from .sssom_reading import MAX_BYTES, read_sssom

_MOST_GUESSES = 30  # looking for what is near costs milliseconds, and a file can hold 50,000 wrong ids
EDGES = Path(__file__).parent / "edges"


class InvalidCrosswalk(MalformedInput):
    """A file of edges with errors; `problems` lists them all."""

    def __init__(self, name: str, problems: Sequence[RowProblem]) -> None:
        listed = "\n".join(f"  line {p.line}, {p.column or 'row'}: {p.message}. {p.remedy}" for p in problems)
        super().__init__("invalid-crosswalk", f"{name}: {len(problems)} errors\n{listed}", "Correct what is listed.")
        self.name = name
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[InvalidCrosswalk], tuple[str, tuple[RowProblem, ...]]]:  # type: ignore[override]
        return type(self), (self.name, self.problems)


@lru_cache(maxsize=1)
def library_edges() -> tuple[Edge, ...]:
    """Return every edge that comes with Accord. Raises InvalidCrosswalk if a file is damaged."""
    return tuple(edge for path in sorted(EDGES.glob("*.tsv")) for edge in usable(open_mapping_set(path)))


def counts_by_pair(edges: Iterable[Edge] | None = None) -> dict[tuple[str, str], int]:
    """Return how many edges relate each pair of frameworks, both names in alphabetical order; none-edges count too."""
    found = library_edges() if edges is None else edges
    counts = Counter(tuple(sorted((framework_of(e.subject), framework_of(e.object)))) for e in found)
    return {(a, b): n for (a, b), n in sorted(counts.items())}


def open_mapping_set(path: Path) -> MappingSet:
    """Read an SSSOM TSV file. Raises UsageError if it can't be opened, and what `read_sssom` raises."""
    return read_sssom(read_file(path, MAX_BYTES, code="unreadable-crosswalk"), name=path.name)


def usable(found: MappingSet) -> tuple[Edge, ...]:
    """Return the edges of a file without those that were computed: they are computed anew, never stored.

    Raises InvalidCrosswalk with every error in the file; a missing licence is no hindrance to one's own use.
    """
    errors = [problem for problem in found.problems if problem.severity == "error" and problem.column != "license"]
    if errors:
        raise InvalidCrosswalk(found.name, errors)
    return tuple(edge for edge in found.edges if edge.justification != "computed")


def check_ids(found: MappingSet, shelf: dict[str, Tree]) -> MappingSet:
    """Return a mapping set without the edges that name what is not in `shelf`; those become errors.

    A framework that is not there is reported once, with how many rows name it; a requirement with its line.
    """
    strangers: dict[tuple[str, str], list[int]] = {}
    problems: list[RowProblem] = list(found.problems)
    guesses = _MOST_GUESSES
    kept: list[tuple[Edge, int]] = []
    for edge, line in zip(found.edges, found.lines, strict=True):
        wrong = False
        for column, reference in (("subject_id", edge.subject), ("object_id", edge.object)):
            name = framework_of(reference)
            if name not in shelf:
                strangers.setdefault((column, name), []).append(line)
                wrong = True
            elif reference not in shelf[name].requirements:
                problems.append(_unknown(line, column, reference, shelf[name], guess=guesses > 0))
                guesses -= 1
                wrong = True
        if not wrong:
            kept.append((edge, line))
    problems += _strangers(strangers, shelf)
    return MappingSet(
        name=found.name,
        id=found.id,
        licence=found.licence,
        rows=found.rows,
        edges=tuple(edge for edge, _line in kept),
        lines=tuple(line for _edge, line in kept),
        left_out=found.left_out,
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
    )


def _unknown(line: int, column: str, reference: str, tree: Tree, *, guess: bool) -> RowProblem:
    from difflib import get_close_matches

    near = get_close_matches(reference[:200], tree.requirements, n=3) if guess else []
    remedy = f"Nearest: {', '.join(map(requirement_of, near))}." if near else "See `accord frameworks`."
    message = f"{framework_of(reference)} has no requirement {requirement_of(reference)[:80]!r}"
    return RowProblem(line=line, column=column, severity="error", message=message, remedy=remedy)


def _strangers(found: dict[tuple[str, str], list[int]], shelf: dict[str, Tree]) -> Iterator[RowProblem]:
    from difflib import get_close_matches

    for (column, name), lines in found.items():
        near = get_close_matches(name[:200], (*shelf, *library_ids()), n=1)
        yield RowProblem(
            line=lines[0],
            column=column,
            severity="error",
            message=f"there is no framework {name[:80]!r} (in {len(lines)} rows)",
            remedy=f"Did you mean {near[0]}?" if near else "Use the id of a framework as the prefix.",
        )
