"""Agreements: who may make, accept and end one, and what holds at which moment."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.errors import UsageError
from accord.recognition.agreements import (
    agreement_mistakes,
    agreement_subject,
    check_test_due,
    covers,
    edges_at,
    outside,
)
from accord.records.agreement import Agreement, AgreementAcceptance, AgreementEnd, Conditions, Scope
from accord.records.said import Person, Revocation
from accord.records.trust_list import PostalAddress
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.saying import Heard, hear, say
from accord.trust.statement import subject
from accord.trust.trust_list import Accepted, accept, subject_digest
from accord.trust.trust_list_editing import add_entity, add_service, change_service, first_list, next_list

START = datetime(2026, 1, 1, tzinfo=UTC)
ROOT, DE, KE, LAB, OTHER, DE2 = (SigningKey.from_seed(bytes([n]) * 32) for n in range(50, 56))
ADDRESS = PostalAddress(lang="en", StreetAddress="1", Country="DE")
WHO = Person(name="A. Person", role="head of recognition")
AGREEMENT = Agreement(
    id="de-ke-2026",
    recognises="DE",
    of="KE",
    level="same_method",
    valid_from="2026-02-01",
    valid_until="2026-11-30",
    by=WHO,
)


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def signed(record) -> bytes:
    return say(record, "trust-list", [subject(record.operator, subject_digest(record))], signers=[ROOT], now=START)


def listed(
    code: str, key: SigningKey, role: str = "authority", operator: str = "", jurisdiction: str = "", days: int = 900
) -> Accepted:
    vkey = str(local_name(ROOT.public))
    record = first_list(operator or f"Office of {code}", code, [vkey], 1, days=days, at=START)
    record = add_entity(
        record,
        "Office",
        "office",
        jurisdiction=jurisdiction,
        address=ADDRESS,
        email="a@b.example",
        uri="https://o.example",
    )
    record = add_service(record, "office", role, [str(local_name(key.public))], since=START, at=START)
    return accept(None, signed(record), [ROOT.keyid])


def then(held: Accepted, n: float, **changes) -> Accepted:
    record = change_service(next_list(held, at=day(n)), "office", "authority", since=day(n), at=day(n), **changes)
    return accept(held, signed(record))


LISTS = (listed("DE", DE), listed("KE", KE))


def made(agreement: Agreement = AGREEMENT, key: SigningKey = DE, at: float = 10, **more) -> Heard:
    named = {"signers": [key], "now": day(at), **more}
    return hear(say(agreement, "agreement", [agreement_subject(agreement)], **named))


def accepted(target: Heard, key: SigningKey = KE, at: float = 20) -> Heard:
    record = AgreementAcceptance(agreement=target.id, by=WHO)
    return hear(say(record, "agreement-acceptance", [subject("", target.id)], signers=[key], now=day(at)))


def ended(target: Heard, key: SigningKey = DE, at: float = 100, effective: str = "2026-06-01T00:00:00Z") -> Heard:
    record = AgreementEnd(agreement=target.id, effective=effective, reason="no longer", by=WHO)
    return hear(say(record, "agreement-end", [subject("", target.id)], signers=[key], now=day(at)))


def revoked(target: Heard, key: SigningKey, at: float, effective: str = "2026-05-01T00:00:00Z") -> Heard:
    record = Revocation(target=target.id, reason="by mistake", effective=effective)
    return hear(say(record, "revocation", [subject("", target.id)], signers=[key], now=day(at)))


def only(statements, moment: float, lists=LISTS, **named):
    (found,) = edges_at(statements, lists, day(moment), **{"now": day(moment), **named})
    return found


def state(statements, moment: float, lists=LISTS, **named) -> str:
    return only(statements, moment, lists, **named).state


def test_the_life_of_an_agreement():
    offer = made()
    whole = [offer, accepted(offer), ended(offer)]
    assert edges_at(whole, LISTS, day(9), now=day(9)) == ()
    days = (10, 19, 20, 30.99, 31, 100, 150.99, 151, 333)
    assert [state(whole, n) for n in days] == [
        "proposed", "proposed", "not_yet", "not_yet", "in_force", "in_force", "in_force", "ended", "ended",
    ]  # fmt: skip
    assert [state(whole[:2], n) for n in (333.99, 334)] == ["in_force", "lapsed"]
    found = only(whole, 120)
    assert (found.recognises, found.of, found.digest, found.ended) == ("DE", "KE", offer.id, "2026-06-01T00:00:00Z")
    assert only(whole, 160).reason == "DE ended it: no longer"
    assert edges_at(whole[::-1] * 2, LISTS, day(120), now=day(120)) == (found,)


@pytest.mark.parametrize("key", [DE, KE])
def test_either_side_ends_it_and_nobody_else(key):
    offer = made()
    base = [offer, accepted(offer)]
    assert state([*base, ended(offer, key)], 200) == "ended"
    assert state([*base, ended(offer, OTHER)], 200) == "in_force"
    assert state([*base, ended(offer, LAB)], 200, (*LISTS, listed("KE", LAB, "laboratory", "Labs"))) == "in_force"


def test_an_end_does_not_reach_back():
    offer = made()
    base = [offer, accepted(offer)]
    late = ended(offer, at=100, effective="2026-02-02")
    assert state([*base, late], 99) == "in_force"
    assert [state([*base, late], n) for n in (100, 101)] == ["ended", "ended"]
    assert only([*base, late], 101).ended == "2026-04-11T00:00:00Z"
    damaged = ended(offer, at=100, effective="some day")
    assert state([*base, damaged], 100) == "ended"
    assert state([*base, late, ended(offer, KE, at=50, effective="2026-03-01")], 70) == "ended"


def test_only_an_authority_of_the_side_makes_and_accepts():
    offer = made()
    assert state([offer, accepted(offer, DE)], 40) == "proposed"
    assert state([offer, accepted(offer, OTHER)], 40) == "proposed"
    forged = made(key=KE)
    assert state([forged, accepted(forged)], 40) == "invalid"
    unknown = made(key=OTHER)
    assert "No authority of DE" in only([unknown, accepted(unknown)], 40).reason
    assert state([offer, accepted(offer)], 40, ()) == "invalid"
    assert state([offer, accepted(offer)], 40, LISTS[:1]) == "proposed"
    assert state([offer, accepted(offer)], 40, (listed("DE", DE, "laboratory"), LISTS[1])) == "invalid"


def test_a_list_speaks_for_its_own_jurisdiction():
    offer = made()
    whole = [offer, accepted(offer)]
    kenya_says = listed("KE", DE, operator="Rogue", jurisdiction="DE")
    assert state(whole, 40, (kenya_says, LISTS[1])) == "invalid"
    assert state(whole, 40, (listed("EU", DE, jurisdiction="DE"), LISTS[1])) == "in_force"
    assert state(whole, 40, (listed("INT", DE, jurisdiction="DE"), LISTS[1])) == "in_force"
    assert state(whole, 40, (listed("EU", DE, jurisdiction="FR"), LISTS[1])) == "invalid"
    assert state(whole, 40, (listed("EU", DE), LISTS[1])) == "invalid"


def test_granted_withdrawn_granted():
    """The office of Germany is withdrawn from day 60 to 90: what it says in between never counts."""
    germany = then(then(LISTS[0], 60, status="withdrawn"), 90, status="granted")
    lists = (germany, LISTS[1])
    before, between, after = (made(replace(AGREEMENT, id=str(n)), at=n) for n in (50, 70, 95))
    for offer, expected in ((before, "in_force"), (between, "invalid"), (after, "in_force")):
        whole = [offer, accepted(offer, at=96)]
        assert state(whole, 100, lists) == expected
    assert "withdrawn" in only([between, accepted(between)], 100, lists).reason
    offer = made()
    stopped = [offer, accepted(offer), ended(offer, at=70, effective="2026-03-13")]
    assert state(stopped, 100, lists) == "in_force", "who is withdrawn ends nothing"


def test_a_withdrawn_authority_can_not_write_into_its_past():
    withdrawn = (then(LISTS[0], 60, status="withdrawn"), LISTS[1])
    offer = made(at=50)
    whole = [offer, accepted(offer, at=55)]
    assert state(whole, 58) == "in_force", "when the list did not say so yet"
    assert state(whole, 58, withdrawn, now=day(70)) == "invalid"
    assert state(whole, 100, withdrawn, seen={offer.id: day(59)}) == "in_force"
    assert state(whole, 58, withdrawn, seen={offer.id: day(59)}, now=day(70)) == "in_force"
    assert state(whole, 100, withdrawn, seen={offer.id: day(61)}) == "invalid"


def test_a_second_key_takes_over_and_the_first_keeps_its_past():
    both = then(LISTS[0], 30, add_keys=[str(local_name(DE2.public))])
    old, new = made(), made(replace(AGREEMENT, id="new"), DE2, at=40)
    early = made(replace(AGREEMENT, id="early"), DE2, at=20)
    assert state([old, accepted(old)], 50, (both, LISTS[1])) == "in_force"
    assert state([new, accepted(new, at=41)], 50, (both, LISTS[1])) == "in_force"
    assert state([early, accepted(early, at=41)], 50, (both, LISTS[1])) == "invalid"


def test_an_expired_list_makes_no_authority():
    short = (listed("DE", DE, days=30), LISTS[1])
    offer = made()
    whole = [offer, accepted(offer)]
    assert "spoke until" in only(whole, 40, short).reason
    assert state(whole, 40, short, seen={offer.id: day(15)}) == "in_force"


def test_what_is_revoked_ends():
    offer = made()
    yes = accepted(offer)
    for target, key in ((offer, DE), (yes, KE)):
        whole = [offer, yes, revoked(target, key, 100)]
        assert [state(whole, n) for n in (119, 120)] == ["in_force", "ended"]
        assert state([offer, yes, revoked(target, OTHER, 100)], 150) == "in_force"
    assert only([offer, yes, revoked(yes, KE, 100)], 130).reason == "KE took it back: by mistake"
    stop = ended(offer)
    assert state([offer, yes, stop, revoked(stop, DE, 160)], 200) == "ended"


def test_a_statement_that_lapsed_carries_no_agreement():
    offer = made(valid_days=40)
    assert [state([offer, accepted(offer)], n) for n in (49, 51)] == ["in_force", "lapsed"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": " "}, "id"),
        ({"recognises": "de"}, "recognises"),
        ({"of": "DE"}, "itself"),
        ({"valid_from": "2026-13-01"}, "2026-13-01"),
        ({"valid_until": "2026-01-01"}, "before valid_from"),
        ({"conditions": Conditions(check_test_rate=1.1)}, "check_test_rate"),
        ({"conditions": Conditions(max_age_days=0)}, "max_age_days"),
        ({"conditions": Conditions(witnesses="quorum nobody")}, "witnesses"),
        ({"conditions": Conditions(witnesses="\udcff")}, "witnesses"),
    ],
)
def test_what_is_wrong_with_an_agreement_is_named(changes, named):
    wrong = replace(AGREEMENT, **changes)
    assert [text for text in agreement_mistakes(wrong) if named in text]
    assert agreement_mistakes(AGREEMENT) == []
    if named != "witnesses":
        offer = made(wrong)
        assert state([offer], 40) == "invalid"
        assert named in only([offer], 40).reason


def test_all_mistakes_come_at_once():
    wrong = replace(AGREEMENT, id="", of="DE", valid_until="never")
    assert len(agreement_mistakes(wrong)) == 3


def test_statements_of_other_shapes_are_passed_over_or_named():
    offer = made()
    plain = say(AGREEMENT, "agreement", [subject("x", offer.id)], signers=[DE], now=day(10))
    assert state([hear(plain)], 40) == "proposed"
    bad = Revocation(target=offer.id, reason="", effective="")
    other = hear(say(bad, "revocation", [subject("", offer.id)], signers=[OTHER], now=day(20)))
    assert state([offer, accepted(offer), other], 40) == "in_force"

    class Shape(Heard):
        kind = "agreement"

    shapeless = Shape(other.raw, other.envelope, other.statement, other.keys)
    found = only([shapeless], 40)
    assert found.state == "invalid"
    assert found.agreement is None
    assert found.reason


# Scope, and what is tested again.


def test_a_scope_names_the_first_field_that_fails():
    scope = Scope(frameworks=("eu-ai-act",), measures=("fairness.base_rate",), sectors=("justice",))
    asked = {"framework": "eu-ai-act", "measure": "fairness.base_rate", "inspector": "any", "part": "model"}
    assert outside(scope, **asked, sector="justice") is None
    assert covers(scope, **asked, sector="justice")
    assert outside(scope, **asked) is None
    assert outside(scope, **asked, sector="") == "sectors"
    assert outside(scope, **{**asked, "measure": "x", "framework": "y"}) == "frameworks"
    assert not covers(scope, measure="x")
    assert covers(Scope(), framework="a", measure="b", inspector="c", part="d", sector="")


def due(rate: float, statement: str, beacon: bytes) -> bool:
    return check_test_due(replace(AGREEMENT, conditions=Conditions(check_test_rate=rate)), statement, beacon)


@given(rate=st.floats(min_value=0, max_value=1), beacon=st.binary(min_size=32, max_size=32))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_results_are_drawn_at_the_agreed_rate(rate, beacon):
    n = 1500
    drawn = sum(due(rate, f"sha256:{number:064x}", beacon) for number in range(n))
    assert abs(drawn - n * rate) <= 5 * math.sqrt(n * rate * (1 - rate)) + 1


@given(st.text(max_size=80), st.binary(min_size=32, max_size=32), st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None)
def test_a_draw_is_the_same_for_all_and_grows_with_the_rate(statement, beacon, one, two):
    low, high = sorted((one, two))
    assert due(low, statement, beacon) == due(low, statement, beacon)
    assert due(low, statement, beacon) <= due(high, statement, beacon)
    assert due(1.0, statement, beacon)
    assert not due(0.0, statement, beacon)


def test_another_beacon_or_agreement_draws_anew():
    statements = [f"sha256:{number:064x}" for number in range(400)]
    first = [due(0.5, item, b"a" * 32) for item in statements]
    again = [due(0.5, item, b"b" * 32) for item in statements]
    other = [
        check_test_due(replace(AGREEMENT, id="other", conditions=Conditions(check_test_rate=0.5)), item, b"a" * 32)
        for item in statements
    ]
    for another in (again, other):
        assert 120 < sum(a != b for a, b in zip(first, another, strict=True)) < 280
    with pytest.raises(UsageError):
        due(0.5, "sha256:00", b"short")
