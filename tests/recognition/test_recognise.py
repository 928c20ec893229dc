"""A laboratory in Kenya measures, Germany recognises: what counts, over which path, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.recognition.conftest import (
    AGREEMENT,
    BERLIN,
    GERMANY,
    LAB,
    LAB_PROFILE,
    NAIROBI,
    OTHER_LAB,
    SAME_PEOPLE,
    STRANGER,
    Scene,
    agreed,
    assessed,
    day,
    ended,
    failing,
    germany,
    kenya,
    make_system,
    rechecked,
    revoked,
    sealed,
    statuses,
    withdrawn,
)

from accord.errors import MalformedInput, UsageError
from accord.frameworks import open_framework
from accord.recognition.case import Case, open_case
from accord.recognition.fit import Here
from accord.records import Context, Profile, ProfileThreshold
from accord.records.agreement import Agreement, Conditions, Scope
from accord.records.recognition import Appraisal
from accord.trust import Trust

FAIR, SAFE, SUPPLY = "oecd-ai-principles#p_1.2.a", "oecd-ai-principles#p_1.4.a", "owasp-llm-top10#llm03.8"
FAIR_IN_EU = "eu-ai-act#art_10.2.f"
"""It looks at the same measures as FAIR, so the two overlap; nothing is carried over an overlap."""


def recognised(found: Appraisal) -> set[str]:
    return set(found.references("recognised"))


def met(found: Appraisal) -> set[str]:
    return set(found.references("met_by_our_threshold"))


def under(scene: Scene, **changes) -> Scene:
    """The scene with another agreement."""
    return scene.but(statements=agreed(replace(AGREEMENT, **changes)))


def on(scene: Scene, **conditions) -> Scene:
    return under(scene, conditions=Conditions(**conditions))


def test_what_the_laboratory_showed_is_recognised(scene: Scene):
    found = scene.ask()
    assert recognised(found) == {FAIR, SAFE, SUPPLY}
    (path,) = found.paths
    assert path.holds and (path.body, path.jurisdiction, path.assurance) == ("lab", "KE", "third_party")
    assert [step.name for step in path.steps] == [
        "signed", "body", "agreement", "scope", "assurance", "age", "witnesses", "not_revoked",
    ]  # fmt: skip
    point = next(item for item in found.requirements if item.reference == FAIR)
    assert (point.agreement, point.body, point.over) == (scene.statements[0].id, "lab", (FAIR,))
    assert "recognised by the agreement de-ke" in point.reason


def test_an_overlap_carries_nothing(scene: Scene):
    found = statuses(scene.but(frameworks=("oecd-ai-principles", "eu-ai-act")).ask())
    assert found[FAIR] == "recognised" and found[FAIR_IN_EU] == "still_to_be_shown"


def test_other_people_are_not_those_who_were_measured(scene: Scene):
    found = scene.but(here=Here("DE", BERLIN)).ask()
    assert recognised(found) == {SUPPLY}, "the safety of a file travels, how people fare does not"
    point = next(item for item in found.requirements if item.reference == FAIR)
    assert {item.kind for item in point.missing} == {"measure"}
    assert "not in DE" in point.missing[0].why and point.missing[0].inspectors == ("fairness.groups",)


def test_nobody_knows_whom_it_affects_here(scene: Scene):
    found = scene.but(here=Here("DE", Context(places=("KE",)))).ask()
    assert recognised(found) == {SUPPLY}
    assert {item.fit for item in found.results if item.measure.startswith("fairness.")} == {"unknown"}


def obstacles(scene: Scene) -> dict[str, Callable[[Scene], Scene]]:
    lists = (germany(), withdrawn(kenya(), 30))
    fresh = Conditions(max_age_days=59)
    return {
        "signed": lambda s: s.but(at=day(39)),
        "body": lambda s: s.but(lists=lists),
        "agreement": lambda s: s.but(statements=[*s.statements, ended(s.statements[0], 90)]),
        "scope": lambda s: under(s, scope=Scope(frameworks=("eu-ai-act",))),
        "assurance": lambda s: on(s, assurance="reproduced"),
        "age": lambda s: under(s, conditions=fresh),
        "witnesses": lambda s: on(s, witnesses=f"witness w {WITNESS}\nquorum w\n"),
        "not_revoked": lambda s: s.but(statements=[*s.statements, revoked(s.id, LAB, 60)]),
    }


WITNESS = "witness.example/w+4b56e351+BFN0sP6YPaPXrdCTUG0VMPqhShpOvlcHIiIzMvyCnGGg"


@pytest.fixture(scope="module")
def witness() -> str:
    from accord.trust.note import COSIGNATURE, VerifierKey

    return str(VerifierKey("witness.example/w", STRANGER.public, COSIGNATURE))


@pytest.mark.parametrize(
    "edge", ["signed", "body", "agreement", "scope", "assurance", "age", "witnesses", "not_revoked"]
)
def test_each_edge_can_fail_and_is_named(scene: Scene, edge: str, witness: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(globals(), "WITNESS", witness)
    found = obstacles(scene)[edge](scene).ask()
    assert failing(found) == edge, found.paths[0]
    assert recognised(found) == set()
    assert found.paths[0].steps[-1].name == edge, "nothing is asked after the first edge that fails"
    assert found.paths[0].steps[-1].says.strip()


def test_a_policy_that_the_log_satisfies_is_no_obstacle(scene: Scene):
    assert recognised(on(scene, witnesses="quorum none\n").ask()) == {FAIR, SAFE, SUPPLY}


def test_an_agreement_that_ended_recognises_until_then(scene: Scene):
    over = scene.but(statements=[*scene.statements, ended(scene.statements[0], 90)])
    assert recognised(over.but(at=day(89)).ask()) == {FAIR, SAFE, SUPPLY}
    assert failing(over.but(at=day(91)).ask()) == "agreement"


def test_a_body_withdrawn_later_vouches_for_what_was_seen_before(scene: Scene):
    """Whoever is withdrawn can still write any time into a statement: only a witness proves that it is older."""
    later = scene.but(lists=(germany(), withdrawn(kenya(), 80)))
    assert failing(later.ask()) == "body"
    case = Case(scene.case.assessment, scene.case.said, scene.case.evidence, dict.fromkeys(ids(scene.case), day(41)))
    assert recognised(later.but(case=case).ask()) == {FAIR, SAFE, SUPPLY}
    earlier = scene.but(lists=(germany(), withdrawn(kenya(), 30)), case=case)
    assert failing(earlier.ask()) == "body"


def ids(case: Case) -> list[str]:
    return [case.said.heard.id, *(said.heard.id for said in case.evidence.values())]


def test_no_agreement_but_our_own_threshold(scene: Scene):
    alone = scene.but(statements=[], profile=LAB_PROFILE)
    found = alone.ask()
    assert failing(found) == "agreement" and "no agreement with KE" in found.paths[0].steps[-1].says
    assert recognised(found) == set() and met(found) >= {FAIR, SAFE, SUPPLY}
    assert SUPPLY in met(alone.but(here=Here("DE", BERLIN)).ask())
    assert FAIR not in met(alone.but(here=Here("DE", BERLIN)).ask()), "not measured with the people here"


def strict(measure: str, threshold: object) -> Profile:
    item = ProfileThreshold(measure=measure, threshold=threshold, source="Our rule")
    return Profile(id="strict", title="Strict", author="DE", date="2026-01-01", thresholds=(item,))


def test_what_our_threshold_refuses_no_agreement_admits(scene: Scene):
    found = scene.but(profile=strict("fairness.accuracy", 0.99)).ask()
    assert statuses(found)[SAFE] == "not_met_by_our_threshold"
    assert recognised(found) == {FAIR, SUPPLY}


def test_the_same_method_is_held_to_our_thresholds(scene: Scene):
    same = under(scene, level="same_method")
    assert recognised(same.ask()) == set(), "without thresholds of ours nothing is met as if measured here"
    assert recognised(same.but(profile=LAB_PROFILE).ask()) == {FAIR, SAFE, SUPPLY}


def test_the_same_method_is_the_same_version(scene: Scene):
    same = under(scene, level="same_method").but(profile=LAB_PROFILE)
    rules = same.rules
    from dataclasses import replace as changed

    from accord.recognition.recognise import Rules, appraise

    others = [changed(i, version="99") if i.id == "fairness.groups" else i for i in rules.inspectors]
    found = appraise(same.case, same.here, same.world, Rules(rules.frameworks, others, rules.profile))
    assert recognised(found) == {SUPPLY}
    assert met(found) >= {FAIR, SAFE}
    assert any("fairness.groups is here in another version" in note for note in found.notes)


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (Scope(frameworks=("oecd-ai-principles",)), {FAIR, SAFE}),
        (Scope(inspectors=("fairness.groups",)), {FAIR}),
        (Scope(measures=("model_files.can_execute_code", "model_files.header_valid")), {SUPPLY}),
        (Scope(parts=("model",)), {SUPPLY}),
        (Scope(sectors=("finance",)), {FAIR, SAFE, SUPPLY}),
        (Scope(sectors=("health",)), set()),
    ],
)
def test_scope_bounds_results(scene: Scene, scope: Scope, left: set[str]):
    assert recognised(under(scene, scope=scope).ask()) == left
    assert recognised(scene.but(lists=(germany(), kenya(scope))).ask()) == left, "the trust list bounds the body too"


def test_an_agreement_names_bodies(scene: Scene):
    assert recognised(under(scene, bodies=("lab",)).ask())
    found = under(scene, bodies=("other-lab",)).ask()
    assert failing(found) == "agreement" and "other bodies" in found.paths[0].steps[-1].says


def test_who_signed_is_unknown(scene: Scene, seal_again):
    found = scene.but(case=seal_again(STRANGER)).ask()
    assert failing(found) == "body" and found.paths[0].steps[-1].says.endswith("that you accepted.")
    assert recognised(found) == set()


def test_a_provider_who_measures_itself_is_no_third_party(scene: Scene, seal_again, measured):
    card = replace(measured.card, system=replace(measured.card.system, provider="THE  lab"))
    found = scene.but(case=seal_again(card=card)).ask()
    assert (failing(found), found.paths[0].assurance) == ("assurance", "self_measured")
    nobody = replace(measured.card, system=replace(measured.card.system, provider=None))
    assert failing(scene.but(case=seal_again(card=nobody)).ask()) == "assurance"


def test_a_recheck_by_another_laboratory_makes_it_reproduced(scene: Scene):
    asked = on(scene, assurance="reproduced")

    def with_(*more):
        return asked.but(statements=[*asked.statements, *more]).ask()

    agrees = rechecked(scene.id, OTHER_LAB, 50)
    assert with_(agrees).paths[0].assurance == "reproduced" and recognised(with_(agrees))
    for nothing in (
        rechecked(scene.id, LAB, 50),
        rechecked(scene.id, STRANGER, 50),
        rechecked(scene.id, OTHER_LAB, 101),
        rechecked("sha256:" + "0" * 64, OTHER_LAB, 50),
        rechecked(scene.id, OTHER_LAB, 50, "nothing_repeated"),
    ):
        assert failing(with_(nothing)) == "assurance"
    assert failing(with_(agrees, rechecked(scene.id, OTHER_LAB, 51, "differs"))) == "assurance"


def test_only_who_may_revokes(scene: Scene):
    def with_(key, n: float = 60):
        return scene.but(statements=[*scene.statements, revoked(scene.id, key, n)]).ask()

    assert recognised(with_(STRANGER)) and recognised(with_(OTHER_LAB)) and recognised(with_(GERMANY))
    assert failing(with_(LAB)) == "not_revoked"
    assert recognised(with_(LAB, 99.5)) == set() and recognised(with_(LAB, 100.5))


def test_evidence_that_is_revoked_shows_nothing(scene: Scene):
    target = scene.case.evidence["fairness.groups"].heard.id
    found = scene.but(statements=[*scene.statements, revoked(target, LAB, 60)]).ask()
    assert recognised(found) == {SUPPLY}
    assert [path.holds for path in found.paths] == [True, False]


def test_evidence_of_another_needs_a_path_of_its_own(scene: Scene, measured, tmp_path: Path):
    """A granted laboratory that judges what a stranger measured lends the stranger nothing."""
    theirs = open_case(sealed(measured, tmp_path / "strange" / "report", STRANGER), Trust())
    lines = {name: said.heard.raw for name, said in theirs.evidence.items()}
    case = open_case(sealed(measured, tmp_path / "judged" / "report", LAB, measured=lines), Trust())
    found = scene.but(case=case).ask()
    assert found.paths[0].holds and recognised(found) == set()
    assert {path.keyid for path in found.paths[1:]} == {STRANGER.keyid}


def test_a_stored_verdict_alone_is_nothing(scene: Scene, seal_again, measured):
    """Whoever signs verdicts that do not follow from the measurements is not believed."""
    lax = replace(LAB_PROFILE, thresholds=(ProfileThreshold(measure="fairness.accuracy", threshold=0.99, source="x"),))
    forged = seal_again(profile=lax)
    assert recognised(scene.but(case=forged).ask()) == set()
    unsaid = tuple(replace(v, status="not_evaluated") if v.status == "met" else v for v in measured.verdicts)
    assert recognised(scene.but(case=seal_again(verdicts=unsaid)).ask()) == set(), "nor is what they did not say"


def test_texts_that_are_not_ours_count_for_nothing(scene: Scene, seal_again, measured):
    others = tuple(replace(used, digest="sha256:" + "0" * 64) for used in measured.frameworks)
    found = scene.but(case=seal_again(frameworks=others)).ask()
    assert recognised(found) == set()
    assert any("not installed here" in note for note in found.notes)


def test_union_agreements_bind_members(scene: Scene):
    union = replace(AGREEMENT, recognises="EU", id="eu-ke")
    from tests.recognition.conftest import GERMANY_ROOT, trust_list

    brussels = trust_list("EU", GERMANY_ROOT, {"commission": ("authority", GERMANY, Scope())})
    asked = scene.but(statements=agreed(union), lists=(brussels, kenya()))
    assert recognised(asked.ask()) == {FAIR, SAFE, SUPPLY}
    assert recognised(asked.but(here=Here("BR", SAME_PEOPLE)).ask()) == set()


def test_chains_are_shown_and_never_count(scene: Scene):
    from tests.recognition.conftest import GERMANY_ROOT, trust_list

    first = replace(AGREEMENT, id="de-fr", of="FR")
    second = replace(AGREEMENT, id="fr-ke", recognises="FR")
    france = trust_list("FR", GERMANY_ROOT, {"ministry": ("authority", GERMANY, Scope())})
    made, _yes = agreed(first)
    from accord.records.agreement import AgreementAcceptance
    from accord.trust.saying import hear, say
    from accord.trust.statement import subject

    yes = AgreementAcceptance(agreement=made.id, by=AGREEMENT.by)
    accepted = hear(say(yes, "agreement-acceptance", [subject("", made.id)], signers=[GERMANY], now=day(2)))
    asked = scene.but(statements=[made, accepted, *agreed(second)], lists=(germany(), france, kenya()))
    found = asked.ask()
    assert recognised(found) == set() and failing(found) == "agreement"
    assert [chain.jurisdictions for chain in found.chains] == [("DE", "FR", "KE")]


def test_what_is_measured_at_home_needs_no_recognition(scene: Scene):
    found = scene.but(here=Here("KE", SAME_PEOPLE)).ask()
    assert failing(found) == "agreement" and "nothing to recognise" in found.paths[0].steps[-1].says


def test_documents_are_carried_over_the_crosswalk(tmp_path: Path, scene: Scene):
    """OECD 1.5(b) asks for all that the G7 code's 1(b) does, and more; the mere overlaps of both carry nothing."""
    system = make_system(tmp_path / "system", rows=200)
    (system / "technical.md").write_text(
        "# Technical documentation\n\nDate: 2026-01-01\nVersion: 1.0\nOwner: Mkopo Ltd\n\n" + "How it works. " * 40
    )
    card = system / "accord.toml"
    card.write_text(card.read_text() + '[documents]\ntechnical_documentation = "technical.md"\n')
    case = open_case(sealed(assessed(system), tmp_path / "out" / "report"), Trust())
    only = Scope(frameworks=("oecd-ai-principles",))
    asked = under(scene, scope=only).but(case=case, frameworks=("g7-hiroshima-code",))
    found = asked.ask()
    point = next(item for item in found.requirements if item.requirement == "a_1.b")
    assert (point.status, point.over) == ("recognised", ("oecd-ai-principles#p_1.5.b",))
    assert recognised(found) == {"g7-hiroshima-code#a_1.b"}
    without = asked.but(statements=[]).ask()
    assert statuses(without)["g7-hiroshima-code#a_1.b"] == "met_by_our_threshold"


def test_an_altered_report_or_a_bare_record_is_no_case(report: Path, tmp_path: Path):
    import shutil

    with pytest.raises(UsageError, match="nobody's signature"):
        open_case(report / "assessment.json", Trust())
    copy = tmp_path / "copy"
    shutil.copytree(report, copy)
    record = copy / "assessment.json"
    record.write_bytes(record.read_bytes().replace(b"Mkopo", b"Mkopi"))
    with pytest.raises(MalformedInput, match="not what was signed"):
        open_case(copy, Trust())


def test_statements_that_make_no_sense_say_nothing(scene: Scene):
    from accord.trust.dsse import sign, to_line
    from accord.trust.encoding import b64encode
    from accord.trust.kinds import type_of
    from accord.trust.saying import hear
    from accord.trust.statement import build, subject

    def odd(kind: str, **fields):
        signer = {"keyid": LAB.keyid, "publicKey": b64encode(LAB.public.raw)}
        payload = build(type_of(kind), [subject("", scene.id)], {**fields, "signer": signer}, valid_days=9, now=day(50))
        return hear(to_line(sign(payload, [LAB])))

    more = [odd("revocation", target=scene.id), odd("recheck", statement=7), odd("agreement"), odd("unknown", x=1)]
    assert recognised(scene.but(statements=[*scene.statements, *more]).ask()) == {FAIR, SAFE, SUPPLY}
    late = odd("revocation", target=scene.id, reason="r", effective="some day", by=None)
    assert failing(scene.but(statements=[*scene.statements, late]).ask()) == "not_revoked", "unclear is in effect"


ALL = (
    "signed",
    "body",
    "agreement",
    "scope",
    "assurance",
    "age",
    "not_revoked",
    "place",
    "people",
    "silence",
    "strict",
)


def hindered(scene: Scene, name: str) -> Scene:
    """The scene with one more obstacle; agreements are changed, not replaced, so that obstacles add up."""
    agreement = scene.statements[0].record(Agreement)
    rest = scene.statements[2:]

    def again(**changes) -> Scene:
        return scene.but(statements=[*agreed(replace(agreement, **changes)), *rest])

    conditions = agreement.conditions
    return {
        "signed": lambda: scene.but(at=day(39)),
        "body": lambda: scene.but(lists=(germany(), withdrawn(kenya(), 30))),
        "agreement": lambda: again(valid_until="2026-03-01"),
        "scope": lambda: again(scope=replace(agreement.scope, parts=("model",))),
        "assurance": lambda: again(conditions=replace(conditions, assurance="reproduced")),
        "age": lambda: again(conditions=replace(conditions, max_age_days=10)),
        "not_revoked": lambda: scene.but(statements=[*scene.statements, revoked(scene.id, LAB, 60)]),
        "place": lambda: scene.but(here=Here("DE", replace(scene.here.context, places=("DE",)))),
        "people": lambda: scene.but(here=Here("DE", replace(scene.here.context, population="Children"))),
        "silence": lambda: scene.but(here=Here("DE", replace(scene.here.context, languages=()))),
        "strict": lambda: scene.but(profile=strict("fairness.accuracy", 0.99)),
    }[name]()


@given(st.lists(st.sampled_from(ALL), unique=True, max_size=4), st.sampled_from(["equivalent_outcome", "same_method"]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_obstacle_never_adds_anything(scene: Scene, names: list[str], level: str):
    small = under(scene, level=level).but(frameworks=("oecd-ai-principles", "owasp-llm-top10"), profile=LAB_PROFILE)
    before = small.ask()
    for name in names:
        small = hindered(small, name)
        after = small.ask()
        assert recognised(after) <= recognised(before), name
        assert recognised(after) | met(after) <= recognised(before) | met(before), name
        if recognised(after):
            path = after.paths[0]
            agreement = small.statements[0].record(Agreement)
            assert path.holds and path.agreement == small.statements[0].id
            assert agreement.recognises == "DE" and agreement.of == path.jurisdiction
        before = after


@given(
    st.fixed_dictionaries(
        {
            "population": st.sampled_from([None, "Loan applicants", "Children"]),
            "places": st.sampled_from([(), ("KE",), ("DE",), ("somewhere",)]),
            "languages": st.sampled_from([(), ("sw",), ("de",), ("en", "sw")]),
        }
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_measurement_that_does_not_fit_makes_nothing_met(scene: Scene, stated: dict):
    local = replace(NAIROBI, period=None, **stated)
    asked = scene.but(here=Here("DE", local), profile=LAB_PROFILE, frameworks=("oecd-ai-principles",))
    found = asked.ask()
    people = {item.fit for item in found.results if item.measure.startswith("fairness.")}
    shown = {FAIR, SAFE} & (recognised(found) | met(found))
    assert shown == ({FAIR, SAFE} if people == {"fits"} else set())


def test_the_library_text_is_what_was_judged(scene: Scene):
    """Of the frameworks that are asked here, those that both judged are the very same text."""
    there = {used.id: used for used in scene.case.assessment.frameworks}
    for name in ("oecd-ai-principles", "owasp-llm-top10"):
        assert there[name] == open_framework(name).reference
