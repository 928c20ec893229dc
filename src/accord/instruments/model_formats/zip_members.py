"""The members of a zip-based model file, with the archive's problems under the rules of the formats' inspector."""

from __future__ import annotations

from pathlib import Path

from ...errors import LimitExceeded, MalformedInput
from ..archives import Member, open_archive
from .interface import ARCHIVE_MISMATCH, MALFORMED, RESOURCE_BOMB, Problems

_RULES = {"malformed": MALFORMED, "mismatch": ARCHIVE_MISMATCH, "bomb": RESOURCE_BOMB}


def open_members(path: Path, problems: Problems) -> tuple[Member, ...]:
    """List the members of the zip at `path`, perhaps none; what is wrong with it goes to `problems`."""
    try:
        archive = open_archive(path)
    except LimitExceeded as error:
        problems.add(RESOURCE_BOMB, error.message)
        return ()
    except MalformedInput as error:
        problems.add(MALFORMED, error.message)
        return ()
    for problem in archive.all_problems():
        problems.add(_RULES[problem.kind], problem.text, offset=problem.offset, member=problem.member)
    return archive.members
