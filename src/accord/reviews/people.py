"""The people who may review, if somebody keeps a list of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ..errors import LimitExceeded, MalformedInput, UsageError
from ..frameworks.reading import read_file
from ..frameworks.reviewing import same_person
from ..frameworks.yaml_reading import read_yaml
from ..records import from_builtins
from ..records.measurement import Record
from .sheet import open_sheet

MOST_PEOPLE = 10_000


class Person(Record, frozen=True, kw_only=True):
    """Somebody who may review: an id, a name or pseudonym, a role, and the key id that must sign, if only one may."""

    id: str
    name: str
    role: str
    key: str | None = None


class People:
    """Reviewers, found by id or name."""

    def __init__(self, people: tuple[Person, ...]) -> None:
        self.all = people
        self._by = {same_person(name): person for person in people for name in (person.name, person.id)}

    def find(self, name: str) -> Person | None:
        """Return the person with this id or name, however it is capitalised."""
        return self._by.get(same_person(name))


def read_people(path: Path) -> People:
    """Read a list of reviewers: YAML (`reviewers:` with id, name, role and key) or CSV with these columns.

    Raises UsageError if the file can't be read, MalformedInput for a list that says nothing or one thing twice.
    """
    name = path.name
    if path.suffix.lower() in (".yaml", ".yml"):
        content = read_yaml(read_file(path), name=name)
        listed = content.get("reviewers") if isinstance(content, dict) else content
        people = from_builtins(listed, tuple[Person, ...], name=name)
    else:
        people = tuple(
            Person(
                id=row.cells["id"].strip(),
                name=row.cells["name"].strip(),
                role=row.cells["role"].strip(),
                key=row.cells.get("key", "").strip() or None,
            )
            for row in open_sheet(path, ("id", "name", "role"))
        )
    if len(people) > MOST_PEOPLE:
        raise LimitExceeded("too-many-people", f"{name}: {len(people)} people", f"At most {MOST_PEOPLE} are read.")
    if not people:
        raise UsageError("no-reviewers", f"{name} lists nobody", "List people with id, name and role.")
    mistakes = [f"person {number} lacks a {key}" for number, p in enumerate(people, 1) for key in _lacking(p)]
    names = Counter(name for person in people for name in {same_person(person.name), same_person(person.id)} - {""})
    mistakes += [f"{name!r} is named twice" for name, times in names.items() if times > 1]
    if mistakes:
        raise MalformedInput("bad-reviewers", f"{path.name}: {'; '.join(mistakes[:50])}", "Correct the list.")
    return People(people)


def _lacking(person: Person) -> list[str]:
    return [key for key in ("id", "name", "role") if not getattr(person, key).strip()]
