"""Reading what is asked of a job from the texts of a form: one reader for the page and for programs.

A field of the card is named as in the card, `data.label.column`; a list is one field with commas, or several fields.
Every mistake is named at once, by its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ...errors import AccordError
from ...frameworks import known_jurisdictions, library_ids
from ...frameworks.jurisdictions import INTERNATIONAL
from ...i18n import _
from ...inspectors.registry import modules
from ...records import Card, from_builtins
from ...records.said import Level
from ...reports.visible import visible
from ...subjects import merge_cards, read_card
from ...subjects.card import check_card
from ..auth.accounts import Mistakes
from .asked import Asked
from .uploading import CARD, FILE, Upload

CARD_TEXTS = (
    "system.name", "system.version", "system.purpose", "system.sector", "system.provider", "system.deployer",
    "system.users", "system.affected", "system.lifecycle", "system.human_oversight", "data.file", "data.label.column",
    "data.prediction.column", "data.prediction.positive.op", "data.favourable", "data.score", "data.split",
    "model.file", "model.base_model", "context.population", "context.period", "context.sampling", "context.holder",
)  # fmt: skip
CARD_LISTS = (
    "system.jurisdictions", "system.languages", "data.sensitive", "context.places", "context.languages",
)  # fmt: skip
CARD_VALUES = ("data.label.positive", "data.prediction.positive.value")
"""As in TOML: a number, `true` or `false`; anything else is a text."""
LISTS = ("framework", "jurisdiction", "only", "skip", "peer")
TEXTS = ("seed", "disclosure", "reason", "plan", "deviate", "consent")
_LONGEST = 2_000
_MOST = 100
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")
_PLAN = re.compile(r"sha256:[0-9a-f]{64}")


def read_asked(upload: Upload) -> Asked:
    """Return what is asked. Raises Mistakes that names every field that is wrong."""
    form = _Form(upload.texts)
    form.know((*CARD_TEXTS, *CARD_LISTS, *CARD_VALUES, *LISTS, *TEXTS))
    if not upload.files:
        form.wrong[FILE] = _("Choose at least one file.")
    card = _card(form, upload.card)
    level = form.text("disclosure") or "public"
    if level not in get_args(Level):
        form.wrong["disclosure"] = _("Choose one of: {choices}.").format(choices=", ".join(get_args(Level)))
    peers = form.list("peer")
    if (level == "named") != bool(peers):
        form.wrong["peer"] = _("Name the nodes that may read it, if only they may; else none.")
    seed = form.text("seed") or "0"
    if not re.fullmatch(r"\d{1,10}", seed) or int(seed) >= 2**32:
        form.wrong["seed"] = _("The seed is a whole number from 0 to 4294967295.")
    plan = form.text("plan")
    if plan and not _PLAN.fullmatch(plan):
        form.wrong["plan"] = _("A plan is named by its digest, sha256: and 64 digits.")
    frameworks = form.known_list("framework", library_ids())
    jurisdictions = tuple(code.upper() for code in form.list("jurisdiction"))
    unknown = [c for c in jurisdictions if c != INTERNATIONAL and not known_jurisdictions([c])]
    if unknown:
        form.wrong["jurisdiction"] = _("There is no text for: {names}.").format(names=", ".join(map(visible, unknown)))
    only, skip = form.known_list("only", modules()), form.known_list("skip", modules())
    deviate = form.text("deviate")
    if plan and (card or frameworks or jurisdictions or only or skip or form.text("seed")):
        form.wrong.setdefault("plan", _("A plan says itself what to run; give nothing else beside it."))
    if deviate and not plan:
        form.wrong["deviate"] = _("There is no plan to deviate from.")
    if form.wrong:
        raise Mistakes(form.wrong)
    return Asked(
        files=tuple(upload.files),
        card=card,
        frameworks=frameworks,
        jurisdictions=jurisdictions,
        only=only,
        skip=skip,
        seed=int(seed),
        disclosure=level,  # type: ignore[arg-type]
        peers=peers,
        reason=form.text("reason"),
        plan=plan,
        deviate=deviate,
    )


class _Form:
    """The texts of a form by field, and what is wrong with them."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self.wrong: dict[str, str] = {}
        self._texts = texts

    def know(self, names: Sequence[str]) -> None:
        """Refuse fields that nobody asks for: a name that is mistyped must not be passed over."""
        for name in [name for name in self._texts if name not in names][:_MOST]:
            self.wrong[visible(name)[:100]] = _("There is no such field.")

    def text(self, name: str) -> str:
        """Return the text of a field, stripped; "" if there is none."""
        texts = [text.strip().replace("\r\n", "\n") for text in self._texts.get(name, ()) if text.strip()]
        if len(texts) > 1:
            self.wrong[name] = _("This field comes once.")
        elif texts and (len(texts[0]) > _LONGEST or "\0" in texts[0]):
            self.wrong[name] = _("At most {count} characters, and no NUL.").format(count=_LONGEST)
        return "" if name in self.wrong or not texts else texts[0]

    def list(self, name: str) -> tuple[str, ...]:
        """Return the items of a list, each once."""
        items = [item.strip() for text in self._texts.get(name, ()) for item in text.split(",") if item.strip()]
        found = tuple(dict.fromkeys(items))
        if len(found) > _MOST or any(len(item) > 200 or "\0" in item for item in found):
            self.wrong[name] = _("At most {count} items of 200 characters.").format(count=_MOST)
            return ()
        return found

    def known_list(self, name: str, known: Sequence[str] | Mapping[str, str]) -> tuple[str, ...]:
        """Return the items of a list that must be among `known`: never a path, or an address."""
        found = self.list(name)
        strange = [item for item in found if item not in known]
        if strange:
            said = _("Not known here: {names}. There are: {known}.")
            self.wrong[name] = said.format(names=", ".join(map(visible, strange)), known=", ".join(known))
        return found


def _card(form: _Form, file: bytes) -> Card | None:
    """Return the card of the form, laid over the one that came as a file; None if nothing is stated."""
    plain: dict[str, Any] = {}
    for name in CARD_TEXTS:
        if text := form.text(name):
            _put(plain, name, text)
    for name in CARD_LISTS:
        if items := form.list(name):
            _put(plain, name, items)
    for name in CARD_VALUES:
        if text := form.text(name):
            several = name.startswith("data.prediction") and form.text("data.prediction.positive.op") == "in"
            _put(plain, name, tuple(map(_value, text.split(","))) if several else _value(text))
    _complete(form, plain)
    if any(name in form.wrong for name in (*CARD_TEXTS, *CARD_LISTS, *CARD_VALUES)):
        return None
    card = None
    try:
        card = check_card(from_builtins(plain, Card, name="form")) if plain else None
    except AccordError as error:
        _note_mistakes(form, error)
    try:
        stated = read_card(file) if file else None
    except AccordError as error:
        form.wrong[CARD] = error.message
        return card
    return merge_cards(stated, card)[0] if stated and card else stated or card


def _complete(form: _Form, plain: Mapping[str, Any]) -> None:
    """A column says nothing without the value that counts, and a value nothing without its column."""
    data = plain.get("data", {})
    for name, column, value in (
        ("label", "data.label.column", "data.label.positive"),
        ("prediction", "data.prediction.column", "data.prediction.positive.value"),
    ):
        said = data.get(name)
        if not said:
            continue
        positive = said.get("positive") if name == "label" else said.get("positive", {}).get("value")
        if "column" not in said:
            form.wrong.setdefault(column, _("Name the column, too."))
        if positive is None:
            form.wrong.setdefault(value, _("Say which value counts, too."))
        elif name == "prediction":
            said["positive"].setdefault("op", "==")


def _note_mistakes(form: _Form, error: AccordError) -> None:
    """Put each mistake of a card at its field: its message has one a line, `key: what is wrong`."""
    for line in error.message.split("\n  ")[1:]:
        key, _colon, text = line.strip().partition(": ")
        name = key.partition("[")[0]
        form.wrong[name if name in (*CARD_TEXTS, *CARD_LISTS, *CARD_VALUES) else CARD] = text or key
    if not form.wrong:
        form.wrong[CARD] = error.message


def _put(plain: dict[str, Any], name: str, value: object) -> None:
    *above, last = name.split(".")
    for key in above:
        plain = plain.setdefault(key, {})
    plain[last] = value


def _value(text: str) -> str | int | float | bool:
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
