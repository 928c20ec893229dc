"""Errors of Accord: each says what went wrong and what to do about it.

A caller outside Accord needs to catch `AccordError` only. Hostile input never surfaces as another exception.
"""

from __future__ import annotations


class AccordError(Exception):
    """A failure with a stable `code`, a `message` for a person and a `remedy`: what to do next."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.code}). {self.remedy}"

    def __reduce__(self) -> tuple[type[AccordError], tuple[str, str, str]]:
        return type(self), (self.code, self.message, self.remedy)


class UsageError(AccordError):
    """The call is wrong: an unknown option value, target, inspector or framework."""


class MalformedInput(AccordError):
    """Input that does not follow its format. The message names the place (offset, line, key)."""


class LimitExceeded(AccordError):
    """Input that would cost more than the stated limit of time, memory, depth or size."""


class Unavailable(AccordError):
    """Something that is needed is not here: a network, an extra, a kernel feature, a key."""
