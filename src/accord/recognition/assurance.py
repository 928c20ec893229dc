"""How sure a result is, derived by whoever reads it: from whose key it is, who the provider is, who repeated it."""

from __future__ import annotations

from ..frameworks.reviewing import same_person
from ..i18n import N_, _
from ..records.agreement import Assurance
from ..trust.trust_list import Standing
from .known import Said, World

ASSURANCES: tuple[Assurance, ...] = ("declared", "self_measured", "third_party", "reproduced")
"""From the weakest."""
ASSURANCE_WORDS: dict[Assurance, str] = {
    "declared": N_("declared only"),
    "self_measured": N_("measured by the provider, or by nobody known"),
    "third_party": N_("measured by another than the provider"),
    "reproduced": N_("measured by another, and repeated"),
}


def derive_assurance(said: Said, standing: Standing | None, provider: str, world: World) -> tuple[Assurance, str]:
    """Return how sure a measurement is, and why; it is never stored.

    `third_party`: a body on a trust list measured, and it is not the provider. `reproduced`: besides, another body that
    is neither repeated it and agrees, and none differs. Whoever else measured may be the provider: `self_measured`.
    """
    if standing is None:
        return "self_measured", _("nobody vouches for who measured.")
    if not provider.strip():
        return "self_measured", _("the card names no provider, so nobody can tell whether the body is another.")
    if same_person(provider) in (same_person(standing.name), same_person(standing.entity)):
        return "self_measured", _("the provider measured its own system.")
    agrees: list[str] = []
    about = (said.heard.id, said.logged.id)
    for heard, recheck in world.rechecks:
        other = world.vouched(heard) if recheck.statement in about else None
        if other is None or not other.holds or other.standing is None:
            continue
        if other.standing.entity == standing.entity or same_person(other.standing.name) == same_person(provider):
            continue
        if recheck.outcome == "differs":
            return "third_party", _("{body} repeated it and differs.").format(body=other.standing.name)
        if recheck.outcome == "agrees":
            agrees.append(other.standing.name)
    if agrees:
        names = ", ".join(dict.fromkeys(agrees))
        return "reproduced", _("{names} repeated it and agrees.").format(names=names)
    return "third_party", _("{body} is not the provider.").format(body=standing.name)
