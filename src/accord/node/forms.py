"""Reading what a form sends: bounded, by name, with every mistake beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from ..errors import MalformedInput
from .api.statements import read_body

MAX_FORM_BYTES = 1024 * 1024
MAX_FIELDS = 2_000


@dataclass
class Form:
    """What was sent, and what is wrong with it, by the name of the field."""

    fields: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, *, most: int = 2_000, required: str = "") -> str:
        """Return a field's text, stripped. `required` is what is said if it is empty."""
        value = self.fields.get(name, "").strip().replace("\r\n", "\n")
        if len(value) > most:
            self.errors[name] = f"{len(value)} > {most}"
        elif not value and required:
            self.errors[name] = required
        return value

    def choice(self, name: str, allowed: tuple[str, ...], wrong: str) -> str:
        """Return a field that must be one of `allowed`; `wrong` is what is said if it is not."""
        value = self.fields.get(name, "")
        if value not in allowed:
            self.errors[name] = wrong
        return value


async def read_form(request: Any) -> Form:
    """Read a form. Raises MalformedInput if the body is none, LimitExceeded if it is too large."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise MalformedInput("no-form", "the body is no form", "Send application/x-www-form-urlencoded.")
    body = await read_body(request, MAX_FORM_BYTES)
    try:
        return Form(dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)))
    except ValueError:
        raise MalformedInput("bad-form", "the form can't be read", "Send it again from its page.") from None
