"""The guided form of an officer: drafts on the server, plain questions step by step, "I don't know" on every one."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect
from msgspec.structs import replace

from ...commons.systems import drafts
from ...commons.systems.drafting import Answers, NotComplete, Wrong, sketch, wrong_in
from ...commons.systems.drafts import Draft
from ...commons.systems.fields import BY_NAME, FIELDS, STEPS, WORDS, clean, fields_of, read_value, shown_value
from ...errors import AccordError, MalformedInput
from ...frameworks import sectors
from ...i18n import _, in_language
from ...records import Question
from ...store.viewer import Viewer
from ..forms import Form, read_form
from ..node import Node
from ..problems import NotFound
from ..registering import LEVELS, moment, publish, require_keeper, rules_of
from .rendering import page
from .systems import ANSWER_WORDS, GRADE_WORDS, SET_BY_WORDS

ASKED_AT_ONCE = 10
_NAMES = tuple(STEPS)
DraftId = Annotated[str, Parameter(pattern=r"^[0-9a-f]{32}$")]
Step = Annotated[str, Parameter(max_length=20)]


@get("/register", include_in_schema=False, sync_to_thread=True)
def register(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show an officer's drafts, and how to begin."""
    require_keeper(viewer)
    office = None if "operator" in viewer.roles else viewer.office
    with node.store.reading() as transaction:
        found = drafts.of_office(transaction, office)
    return page(
        "register.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path="/register",
        drafts=found,
        most=drafts.MOST,
    )


@post("/register", include_in_schema=False, status_code=303, sync_to_thread=True)
def begin(node: Node, viewer: Viewer) -> Response[Any]:
    """Begin a draft of a new entry."""
    require_keeper(viewer)
    now, _day = moment()
    with node.store.writing() as transaction:
        made = drafts.add(
            transaction,
            Answers(values={"office": viewer.office}),
            office=viewer.office,
            account=viewer.account,
            now=now,
        )
    return Redirect(f"/drafts/{made}/{_NAMES[0]}", status_code=303)


@get("/drafts/{draft:str}/{step:str}", include_in_schema=False, sync_to_thread=True)
def show_step(
    node: Node, viewer: Viewer, language: str, draft: DraftId, step: Step, more: bool = False
) -> Response[bytes]:
    """Show a step of the form."""
    return step_page(node, viewer, language, open_draft(node, viewer, draft), step, more=more)


@post("/drafts/{draft:str}/{step:str}", include_in_schema=False, status_code=200)
async def send_step(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, draft: DraftId, step: Step
) -> Response[Any]:
    """Keep what was answered in a step, and go where the button says."""
    from anyio.to_thread import run_sync

    return await run_sync(_take_step, node, viewer, language, draft, step, await read_form(request))


def open_draft(node: Node, viewer: Viewer, draft: str) -> Draft:
    """Return a draft of the viewer's office. Raises NotFound for another office's: it is not theirs to know of."""
    require_keeper(viewer)
    with node.store.reading() as transaction:
        found = drafts.get(transaction, draft)
    if found is None or not ("operator" in viewer.roles or found.office == viewer.office):
        raise NotFound("There is no such draft.")
    return found


def keep(node: Node, draft: Draft, answers: Answers) -> Draft:
    """Save a draft's answers."""
    now, _day = moment()
    with node.store.writing() as transaction:
        return drafts.save(transaction, draft, answers, now)


def _take_step(node: Node, viewer: Viewer, language: str, draft: str, step: str, form: Form) -> Response[Any]:
    found = open_draft(node, viewer, draft)
    if step not in STEPS:
        raise NotFound
    do = form.fields.get("do", "next")
    if step == "check":
        return _finish(node, viewer, language, found, form, do)
    with in_language(language):
        answers, wrong = _answered(node, found.answers, step, form)
    if step == "where" and "operator" not in viewer.roles:
        answers = replace(answers, values={**answers.values, "office": found.office})
    found = keep(node, found, answers)
    if do in ("back", "leave"):
        target = "/register" if do == "leave" else f"/drafts/{draft}/{_NAMES[max(_NAMES.index(step) - 1, 0)]}"
        return Redirect(target, status_code=303)
    if wrong:
        return step_page(node, viewer, language, found, step, wrong=wrong, status=422)
    if step == "risk" and do == "next" and rules_of(node).questions(answers):
        return Redirect(f"/drafts/{draft}/risk?more=true", status_code=303)
    return Redirect(f"/drafts/{draft}/{_NAMES[_NAMES.index(step) + 1]}", status_code=303)


def _answered(node: Node, answers: Answers, step: str, form: Form) -> tuple[Answers, list[Wrong]]:
    """Return the answers with those of a step, and what is wrong with these."""
    if step == "risk":
        known = {item.id for item in _all_questions(node, answers)}
        said: dict[str, bool | None] = {}
        for name, value in form.fields.items():
            question = name.removeprefix("q-")
            if question in known and value in ("yes", "no", "unknown"):
                said[question] = {"yes": True, "no": False}.get(value)
        return answers.answered(said), []
    if step == "review":
        text = {name: clean(form.fields.get(name, "")).strip()[:5_000] for name in ("days", "reason", "last")}
        answers = replace(answers, **text)
        return answers, wrong_in(answers, ("days",))
    unknown = [name for name in BY_NAME if form.fields.get(f"unknown-{name}")]
    answers = answers.typed(step, form.fields, unknown)
    return answers, wrong_in(answers, [field.name for field in fields_of(step)], final=False)


def _finish(node: Node, viewer: Viewer, language: str, draft: Draft, form: Form, do: str) -> Response[Any]:
    if do == "drop":
        with node.store.writing() as transaction:
            drafts.drop(transaction, draft.id)
        return Redirect("/register", status_code=303)
    draft = keep(node, draft, replace(draft.answers, change=clean(form.fields.get("change", "")).strip()[:4_000]))
    level, reason = form.fields.get("level", ""), clean(form.fields.get("reason", "")).strip()
    try:
        with in_language(language):
            name, _receipt = publish(
                node, viewer, draft.answers, entry=draft.entry, replaces=draft.replaces,
                level=level, reason=reason,  # type: ignore[arg-type]  # `publish` checks it
            )  # fmt: skip
    except NotComplete:  # The page lists every mistake by itself.
        return step_page(node, viewer, language, draft, "check", form=form, status=422)
    except AccordError as error:
        with in_language(language):
            wrong = [Wrong("level", _(error.message), _(error.remedy))]
        return step_page(node, viewer, language, draft, "check", wrong=wrong, form=form, status=422)
    with node.store.writing() as transaction:
        drafts.drop(transaction, draft.id)
    return Redirect(f"/systems/{name}?said=published", status_code=303)


def step_page(
    node: Node,
    viewer: Viewer,
    language: str,
    draft: Draft,
    step: str,
    *,
    wrong: list[Wrong] | None = None,
    form: Form | None = None,
    more: bool = False,
    link: str = "",
    status: int = 200,
) -> Response[bytes]:
    """Return the page of a step; `link` is one for a supplier that was just made, shown this once."""
    if step not in STEPS:
        raise NotFound
    answers, rules = draft.answers, rules_of(node)
    data: dict[str, Any] = {}
    if step == "risk":
        asked = rules.questions(answers)
        given = [item for item in _all_questions(node, answers) if item.id in {*answers.answers, *answers.unknown}]
        data = {"open_now": asked[:ASKED_AT_ONCE], "left": len(asked), "given": given, "more": more}
    if step in ("review", "check"):
        signs = rules.signs(answers)
        data = {"signs": signs, "usual": rules.interval(signs), "today": moment()[1].isoformat()}
    if step == "check":
        with in_language(language):
            found = wrong_in(answers)
        wrong = [*(wrong or []), *found]
        data |= {"shown": _shown(answers), "open_left": len(rules.questions(answers)), "levels": LEVELS}
    if step == "supplier":
        with node.store.reading() as transaction:
            data = {"given_link": drafts.link_of(transaction, draft.id)}
        data |= {"now": moment()[0], "askable": [field for field in FIELDS if field.name not in ("office", "status")]}
    return page(
        "register_step.html.j2",
        node=node, viewer=viewer, language=language, path=f"/drafts/{draft.id}/{step}", status=status,
        draft=draft, answers=answers, step=step, steps=STEPS, fields=fields_of(step), wrong=wrong or [],
        labels=_labels(language), words=WORDS, sectors=sectors(), form=form or Form(), link=link,
        operator="operator" in viewer.roles, by_name=BY_NAME, grade_words=GRADE_WORDS, answer_words=ANSWER_WORDS,
        set_by_words=SET_BY_WORDS, **data,
    )  # fmt: skip


def _all_questions(node: Node, answers: Answers) -> list[Question]:
    laws = rules_of(node).laws(sketch(answers, node.origin))
    return list({question.id: question for law in laws for question in law.questions}.values())


def _shown(answers: Answers) -> list[tuple[Any, str]]:
    """Return each field with its answer in words; what can't be read stands as it was typed."""
    found = []
    for field in FIELDS:
        text = answers.at(field.name)
        with suppress(MalformedInput):
            text = shown_value(field, read_value(field, text))
        found.append((field, text))
    return found


def _labels(language: str) -> dict[str, str]:
    with in_language(language):
        return {field.name: _(field.label) for field in FIELDS} | {
            "days": _("Days"), "reason": _("Reason"), "last": _("Last review"), "level": _("Publishing"),
        }  # fmt: skip


HANDLERS = [register, begin, show_step, send_step]
