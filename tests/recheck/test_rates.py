"""Agreement rates: what is a trial, whose it is, and the numbers by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import sqrt

import pytest

from accord.recheck import agreement_rates
from accord.records.recheck import OneSidedFinding, Outcome, Overall, Recheck, Repeated
from accord.records.said import Dispute, Person
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import Heard, hear, say
from accord.trust.statement import subject

BODY, JUDGE, CHECKER, OTHER = (SigningKey.from_seed(letter * 32) for letter in (b"b", b"j", b"c", b"o"))
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def recheck(
    number: int,
    *outcomes: Outcome,
    by: SigningKey = CHECKER,
    measurers: dict[str, str] | None = None,
    finding: bool = False,
    later: int = 0,
) -> Heard:
    results = tuple(
        Repeated(inspector="x.y", measure="data.rows", part=digest(0), outcome=outcome) for outcome in outcomes
    )
    alone = (OneSidedFinding(inspector="x.y", rule="R", severity="high", side="ours", outcome="differs"),)
    overall: Overall = "differs" if "differs" in outcomes else "agrees" if "agrees" in outcomes else "nothing_repeated"
    record = Recheck(
        statement=digest(number),
        target=digest(0),
        body=BODY.keyid,
        measurers=measurers or {"x.y": BODY.keyid},
        results=results,
        findings=alone if finding else (),
        outcome=overall,
        accord="0",
    )
    about = [subject("statement", digest(number))]
    return hear(say(record, "recheck", about, signers=[by], now=NOW + timedelta(seconds=later)))


def test_thirty_of_forty_two_by_hand() -> None:
    """Wilson 1927: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964."""
    heard = [recheck(number, "agrees", "agrees") for number in range(30)]
    heard += [recheck(number, "agrees", "differs") for number in range(30, 42)]
    (found,) = agreement_rates(heard).values()
    assert (found.keyid, found.agreed, found.n) == (BODY.keyid, 30, 42)
    p, n, z = 30 / 42, 42, 1.959963984540054
    middle, arm = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert found.rate == pytest.approx(p)
    assert found.interval.kind == "wilson"
    assert found.interval.low == pytest.approx((middle - arm) / (1 + z * z / n))
    assert found.interval.high == pytest.approx((middle + arm) / (1 + z * z / n))


def test_one_agreement_proves_little() -> None:
    """One of one: the exact interval begins at 0.025 (Clopper and Pearson: (α/2) to the power of 1/n)."""
    (found,) = agreement_rates([recheck(1, "agrees")]).values()
    assert (found.rate, found.n) == (1.0, 1)
    assert found.interval.low == pytest.approx(0.025) and found.interval.high == 1.0


def test_what_was_not_repeated_is_no_agreement() -> None:
    assert agreement_rates([recheck(1, "not_repeated"), recheck(2)]) == {}
    (found,) = agreement_rates([recheck(1, "not_repeated", "agrees"), recheck(2, "not_repeated")]).values()
    assert (found.agreed, found.n) == (1, 1)


def test_a_finding_that_was_left_out_is_no_agreement() -> None:
    (found,) = agreement_rates([recheck(1, "agrees", finding=True)]).values()
    assert (found.agreed, found.n) == (0, 1)


def test_nobody_confirms_themselves() -> None:
    assert agreement_rates([recheck(1, "agrees", by=BODY)]) == {}


def test_one_recheck_of_a_statement_for_each_key_the_latest() -> None:
    first, second = recheck(1, "agrees"), recheck(1, "differs", later=5)
    for order in ([first, second, first], [second, first]):
        (found,) = agreement_rates(order).values()
        assert (found.agreed, found.n) == (0, 1)
    (found,) = agreement_rates([first, recheck(1, "differs", by=OTHER)]).values()
    assert (found.agreed, found.n) == (1, 2)


def test_it_speaks_of_who_measured_not_of_who_judged() -> None:
    heard = recheck(1, "differs", measurers={"x.y": JUDGE.keyid})
    assert set(agreement_rates([heard])) == {JUDGE.keyid}


def test_other_statements_are_passed_over() -> None:
    said = Dispute(target=digest(1), objection="no", by=Person(name="A", role="r"))
    other = hear(say(said, "dispute", [subject("", digest(1))], signers=[OTHER]))
    assert agreement_rates([other]) == {}
