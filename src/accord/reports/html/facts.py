"""What the system card states, what the parts are, and where the assessment ran, as pairs of name and value."""

from __future__ import annotations

from ...i18n import N_, _
from ...records import Assessment, Part
from .. import figures
from ..wording import word
from .anchors import Anchors
from .evidence import Pairs

MOST_PARTS = 300
_NETWORK = {"not used": N_("not used")}


def system_facts(assessment: Assessment) -> Pairs:
    """Return what the card says about the system and its data; nothing that it leaves open."""
    system, data, context = assessment.card.system, assessment.card.data, assessment.card.context
    label, prediction = data.label, data.prediction
    pairs = (
        (_("purpose"), system.purpose),
        (_("sector"), system.sector),
        (_("provider"), system.provider),
        (_("deployer"), system.deployer),
        (_("users"), system.users),
        (_("people affected"), system.affected),
        (_("jurisdictions"), ", ".join(system.jurisdictions)),
        (_("languages"), ", ".join(system.languages)),
        (_("stage of life"), system.lifecycle),
        (_("human oversight"), system.human_oversight),
        (_("Sustainable Development Goals"), ", ".join(str(goal) for goal in system.sdgs)),
        (_("true outcome"), f"{label.column} = {label.positive}" if label else None),
        (
            _("predicted positive"),
            f"{prediction.column or prediction.index} {prediction.positive.op} {prediction.positive.value}"
            if prediction
            else None,
        ),
        (_("protected attributes"), ", ".join(data.sensitive)),
        (_("population"), context.population),
        (_("period"), context.period),
        (_("sampling"), context.sampling),
    )
    return tuple((name, value) for name, value in pairs if value)


def parts_of(assessment: Assessment) -> tuple[tuple[tuple[str | None, Part], ...], int]:
    """Return the parts, each with its id where it is the first with its digest, and how many are not shown."""
    anchors = Anchors(assessment)
    given: set[str] = set()
    shown: list[tuple[str | None, Part]] = []
    for part in assessment.subject.parts[:MOST_PARTS]:
        anchor = anchors.part(part.digest)
        shown.append((None if anchor in given else anchor, part))
        given.add(anchor or "")
    return tuple(shown), len(assessment.subject.parts) - len(shown)


def environment_facts(assessment: Assessment) -> Pairs:
    """Return what could change a number: versions and options, no host and no user."""
    environment = assessment.environment
    pairs = (
        ("Accord", environment.accord),
        ("Python", environment.python),
        (_("platform"), environment.platform),
        (_("processor cores"), figures.count(environment.cores)),
        (_("started"), figures.moment(environment.started)),
        (_("took"), figures.duration(environment.seconds)),
        (_("network"), word(_NETWORK, environment.network)),
        (_("taken from an earlier run"), figures.count(len(environment.reused)) if environment.reused else ""),
        *environment.packages.items(),
        *environment.options.items(),
    )
    return tuple((name, value) for name, value in pairs if value)
