"""What is asked about an entry, in plain words: the form, the import, the export and the page all read this table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...errors import MalformedInput
from ...i18n import N_, _
from ...records import is_day
from ...records.registration import (
    INFLUENCES,
    KINDS,
    MAX_ITEMS,
    MAX_TEXT,
    STATUSES,
    is_digest,
    is_jurisdiction,
    is_web_address,
)

Shape = Literal["line", "long", "choice", "list", "codes", "goals", "number", "day", "web", "digests"]
STEPS = {
    "what": N_("What it is"),
    "where": N_("Where, and for whom"),
    "decision": N_("What it decides"),
    "people": N_("People"),
    "supplier": N_("Who supplies it"),
    "risk": N_("What laws ask"),
    "review": N_("When to look again"),
    "check": N_("Check and publish"),
}
WORDS = {
    "system": N_("a system"),
    "model": N_("a model"),
    "dataset": N_("a dataset"),
    "planned": N_("planned"),
    "pilot": N_("pilot"),
    "in_use": N_("in use"),
    "paused": N_("paused"),
    "retired": N_("retired"),
    "decides": N_("it decides by itself"),
    "recommends": N_("it recommends, a person decides"),
    "informs": N_("it informs, a person decides"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A question: the field of `Registration`, in which step, its words, and the shape of an answer."""

    name: str
    step: str
    label: str
    help: str
    shape: Shape = "line"
    choices: tuple[str, ...] = ()
    required: bool = False
    asked_of_supplier: bool = False


FIELDS = (
    Field("name", "what", N_("Name"), N_("What people here call it."), required=True),
    Field(
        "kind", "what", N_("What is it?"), N_("A system is what is used; a model or a dataset may be part of several."),
        "choice", KINDS, required=True,
    ),
    Field(
        "purpose", "what", N_("What is it for?"),
        N_("One or two sentences that a resident understands."), "long", asked_of_supplier=True,
    ),
    Field(
        "status", "what", N_("How far is it?"),
        N_("Retired entries stay in the register."), "choice", STATUSES, required=True,
    ),
    Field("since", "what", N_("Since when?"), N_("The day on which its use began, or will begin: 2026-01-31."), "day"),
    Field("url", "what", N_("Where can one read more?"), N_("An address that begins with https://."), "web"),
    Field("office", "where", N_("Which office answers for it?"), N_("The office, not a person."), required=True),
    Field("sector", "where", N_("In which sector is it used?"), N_("Such as health, education or public-transport.")),
    Field("places", "where", N_("Where is it used?"), N_("One place a line."), "list"),
    Field(
        "jurisdictions", "where", N_("Whose law applies?"),
        N_("Codes of countries, such as DE or KE; EU for the European Union."), "codes",
    ),
    Field(
        "languages", "where", N_("Which languages does it understand or write?"),
        N_("Codes such as en, sw, pt."), "codes", asked_of_supplier=True,
    ),
    Field(
        "sdgs", "where", N_("Which Sustainable Development Goals does it serve?"),
        N_("Numbers from 1 to 17; none is an answer, too."), "goals",
    ),
    Field(
        "decision", "decision", N_("Which decision does it influence?"),
        N_("Such as: who is inspected first; nobody, it sorts mail."), "long",
    ),
    Field(
        "influence", "decision", N_("What does it do to that decision?"),
        N_("If nobody looks at single cases before they take effect, it decides."), "choice",
        tuple(item for item in INFLUENCES if item),
    ),
    Field("affected", "people", N_("Who is affected?"), N_("One group of persons a line."), "list"),
    Field(
        "affected_about", "people", N_("About how many persons in a year?"), N_("A whole number; a rough one will do."),
        "number",
    ),
    Field(
        "oversight", "people", N_("Which person watches over it, and what can they stop?"),
        N_("The role, not the name."), "long",
    ),
    Field(
        "complaint", "people", N_("Where can somebody object or complain?"),
        N_("An office, address or telephone number that answers."), "long",
    ),
    Field("supplier", "supplier", N_("Who supplies it?"), N_("The company or body; “ourselves” is an answer, too."),
          asked_of_supplier=True),
    Field("contract_until", "supplier", N_("Until when does the contract run?"), N_("A day: 2027-12-31."), "day"),
    Field(
        "training_flop", "supplier", N_("With how much computing was its model trained (FLOP)?"),
        N_("Only for a model of one's own or a general-purpose one: such as 1e24. Suppliers know it."), "number",
        asked_of_supplier=True,
    ),
    Field(
        "subjects", "supplier", N_("Digests of what was assessed"),
        N_("One a line, sha256:…, as an assessment shows them. Leave it empty if nothing was measured."), "digests",
        asked_of_supplier=True,
    ),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}


def fields_of(step: str) -> tuple[Field, ...]:
    """Return the questions of a step."""
    return tuple(field for field in FIELDS if field.step == step)


def read_value(field: Field, text: str) -> Any:
    """Return the value that a person wrote, "" and () if nothing. Raises MalformedInput: what is wrong, what to do."""
    text = clean(text).strip()
    if not text:
        return () if field.shape in ("list", "codes", "goals", "digests") else None if field.shape == "number" else ""
    if len(text) > MAX_TEXT:
        raise _wrong(_("This is longer than {n} characters.").format(n=MAX_TEXT), _("Shorten it."))
    if field.shape in ("line", "web") and len(text) > 300:
        raise _wrong(_("This is longer than {n} characters.").format(n=300), _("Shorten it."))
    if field.shape == "line":
        return " ".join(text.split())
    return _READERS[field.shape](field, text) if field.shape in _READERS else text


def clean(text: str) -> str:
    """Return text that JSON and every database can hold: without NUL and lone surrogates, lines ended by \\n."""
    return text.replace("\0", "").replace("\r\n", "\n").encode("utf-8", "replace").decode()


def write_value(field: Field, value: Any) -> str:
    """Return a value as a person would write it: `read_value` reads it back."""
    if value is None or value in ("", ()):
        return ""
    if field.shape in ("list", "digests"):
        return "\n".join(value)
    if field.shape in ("codes", "goals"):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown_value(field: Field, value: Any) -> str:
    """Return a value in words, for reading."""
    if field.shape == "choice" and value:
        return _(WORDS[value])
    return write_value(field, value)


def _choice(field: Field, text: str) -> str:
    known = {name: name for name in field.choices}
    for name in field.choices:
        known.update({name.replace("_", " "): name, WORDS[name].casefold(): name, _(WORDS[name]).casefold(): name})
    found = known.get(" ".join(text.casefold().split()))
    if found is None:
        raise _wrong(
            _("This is none of the answers."), _("Choose: {answers}.").format(answers=", ".join(field.choices))
        )
    return found


def _list(_field: Field, text: str) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(" ".join(item.split()) for item in re.split(r"[\n;]", text) if item.strip()))
    if len(items) > MAX_ITEMS or any(len(item) > 300 for item in items):
        raise _wrong(_("The list is too long."), _("At most {n} lines of 300 characters.").format(n=MAX_ITEMS))
    return items


def _codes(field: Field, text: str) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(item for item in re.split(r"[\s,;]+", text) if item))
    if field.name == "jurisdictions":
        items = tuple(dict.fromkeys(item.upper() for item in items))
        wrong = [item for item in items if not is_jurisdiction(item)]
        remedy = _("Write two letters, such as DE; EU or INT.")
    else:
        wrong = [item for item in items if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", item)]
        remedy = _("Write codes such as en, zh-Hans.")
    if wrong:
        raise _wrong(_("{code} is no code.").format(code=wrong[0][:40]), remedy)
    if len(items) > MAX_ITEMS:
        raise _wrong(_("The list is too long."), _("At most {n} codes.").format(n=MAX_ITEMS))
    return items


def _goals(_field: Field, text: str) -> tuple[int, ...]:
    items = [item for item in re.split(r"[\s,;]+", text) if item]
    if not all(re.fullmatch(r"[1-9]|1[0-7]", item) for item in items):
        raise _wrong(_("The goals are numbered 1 to 17."), _("Write numbers with commas: 3, 11, 16."))
    return tuple(sorted({int(item) for item in items}))


def _number(field: Field, text: str) -> int | float:
    plain = re.sub(r"(?<=\d)[\s'’](?=\d{3})", "", text)
    if field.name == "training_flop":
        if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?([eE]\+?\d{1,2})?", plain):
            raise _wrong(_("This is no number."), _("Write it as 3e23."))
        return float(plain)
    if not re.fullmatch(r"\d{1,12}", plain):
        raise _wrong(_("This is no whole number."), _("Write digits only: 12000."))
    return int(plain)


def _day(_field: Field, text: str) -> str:
    if not is_day(text):
        raise _wrong(_("This is no day of the calendar."), _("Write year, month, day: 2026-01-31."))
    return text


def _web(_field: Field, text: str) -> str:
    if not is_web_address(text):
        raise _wrong(_("This is no web address."), _("Begin with https:// and leave out blanks."))
    return text


def _digests(_field: Field, text: str) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(re.split(r"[\s,;]+", text)))
    if len(items) > MAX_ITEMS or not all(map(is_digest, items)):
        raise _wrong(_("This is no list of digests."), _("One a line: sha256: and 64 digits in hex."))
    return items


def _wrong(message: str, remedy: str) -> MalformedInput:
    return MalformedInput("bad-answer", message, remedy)


_READERS: Mapping[str, Any] = {
    "choice": _choice,
    "list": _list,
    "codes": _codes,
    "goals": _goals,
    "number": _number,
    "day": _day,
    "web": _web,
    "digests": _digests,
}
