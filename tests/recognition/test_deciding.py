"""Decisions: what follows from an appraisal, what may be edited, and two people with two keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.recognition.conftest import AGREEMENT, LAB_PROFILE, STRANGER, Scene, agreed, day, ended

from accord.errors import AccordError, MalformedInput, UsageError
from accord.recognition.agreements import check_test_due
from accord.recognition.deciding import (
    Draft,
    begin,
    check,
    decide,
    draw,
    finished,
    read_draft,
    sign,
    write_draft,
)
from accord.records import to_readable_json
from accord.records.agreement import Conditions
from accord.records.recognition import CheckTest, Recognition
from accord.records.said import Person
from accord.trust import Log, SigningKey
from accord.trust.dsse import parse
from accord.trust.saying import hear

ANNA, BEN = (SigningKey.from_seed(bytes([n]) * 32) for n in (90, 91))
CLERK = Person(name="Anna Weber", role="clerk", office="Office of DE")
HEAD = Person(name="Ben Mwangi", role="head of unit", office="Office of DE")
NO_TEST = CheckTest()


def decided(scene: Scene, test: CheckTest = NO_TEST, **more) -> Recognition:
    return decide(scene.ask(), scene.world, CLERK, check_test=test, **more)


def drafted(scene: Scene, **more) -> Draft:
    return begin(decided(scene, **more), ANNA.public)


def test_part_of_it_is_recognised(scene: Scene):
    found = decided(scene, reasons=("The first case.",))
    assert (found.outcome, found.first_failing) == ("in_part", "")
    assert len(found.recognised) == 3 and found.agreements == (scene.statements[0].id,)
    assert found.still_to_be_shown and found.valid_until == "2026-12-31"
    assert found.paths[0].holds and "accord dispute" in found.remedy
    every = {*found.recognised, *found.met_by_our_threshold, *found.still_to_be_shown, *found.not_applicable}
    assert len(every) == len(scene.ask().requirements)


def test_a_refusal_names_the_first_edge_that_fails(scene: Scene):
    over = scene.but(statements=[*scene.statements, ended(scene.statements[0], 90)])
    found = decided(over)
    assert found.outcome == "refused" and found.recognised == () and found.agreements == ()
    assert found.first_failing == "agreement: de-ke: DE ended it: no longer"
    assert found.valid_until == "2027-04-11", "a year, as no agreement bounds it"


def test_all_that_is_asked_is_recognised(scene: Scene):
    appraisal = scene.ask()
    points = tuple(point for point in appraisal.requirements if point.status in ("recognised", "not_applicable"))
    whole = replace(appraisal, requirements=points)
    assert decide(whole, scene.world, CLERK, check_test=NO_TEST).outcome == "recognised"


@pytest.mark.parametrize(
    ("until", "agreement", "expected"),
    [
        ("", "2026-12-31", "2026-12-31"),
        ("2026-08-01", "2026-12-31", "2026-08-01"),
        ("2027-08-01", "2026-12-31", "2026-12-31"),
        ("", "2099-12-31", "2027-02-10"),
    ],
)
def test_it_holds_no_longer_than_what_it_rests_on(scene: Scene, until: str, agreement: str, expected: str):
    asked = scene.but(statements=agreed(replace(AGREEMENT, valid_until=agreement)))
    assert decided(asked, until=until).valid_until == expected


@pytest.mark.parametrize("until", ["2026-04-10", "tomorrow", "2026-13-01"])
def test_a_day_that_is_none_or_over(scene: Scene, until: str):
    with pytest.raises(UsageError, match="is no day from 2026-04-11 on"):
        decided(scene, until=until)


@pytest.fixture
def tested(scene: Scene) -> Scene:
    return scene.but(statements=agreed(replace(AGREEMENT, conditions=Conditions(check_test_rate=0.5))))


def test_the_draw_can_be_done_again_by_anybody(tested: Scene, tmp_path: Path):
    log = Log(tmp_path / "log", STRANGER, "de.example/log")
    outcomes = set()
    for number in range(12):
        test = draw(tested.ask(), tested.world, tested.case, CLERK, ANNA, log)
        assert (test.rate, test.origin, test.size) == (0.5, "de.example/log", 2 * number + 2)
        agreement = tested.world.edges[0].agreement
        assert agreement is not None
        assert test.drawn == check_test_due(agreement, tested.id, bytes.fromhex(test.root))
        outcomes.add(test.drawn)
        found = decided(tested, test)
        assert found.outcome == ("on_condition" if test.drawn else "in_part")
        assert check(begin(found, ANNA.public), tested.ask(), tested.world) == found
    assert outcomes == {True, False}


def test_no_rate_draws_nothing_and_logs_nothing(scene: Scene, tmp_path: Path):
    log = Log(tmp_path / "log", STRANGER, "de.example/log")
    assert draw(scene.ask(), scene.world, scene.case, CLERK, ANNA, log) == NO_TEST
    assert not (tmp_path / "log").exists() or not list((tmp_path / "log").glob("checkpoint"))


def test_a_draw_is_not_to_be_talked_away(tested: Scene, tmp_path: Path):
    log = Log(tmp_path / "log", STRANGER, "de.example/log")
    found = decided(tested, draw(tested.ask(), tested.world, tested.case, CLERK, ANNA, log))
    for test in (
        NO_TEST,
        replace(found.check_test, drawn=not found.check_test.drawn),
        replace(found.check_test, root="", drawn=False),
        replace(found.check_test, root="zz", drawn=False),
        replace(found.check_test, rate=0.0),
    ):
        outcome = "on_condition" if test.drawn else "in_part"
        with pytest.raises(MalformedInput, match="check_test"):
            check(begin(replace(found, check_test=test, outcome=outcome), ANNA.public), tested.ask(), tested.world)


def test_only_the_own_words_may_be_edited(scene: Scene):
    draft = drafted(scene)
    edited = replace(draft.record, reasons=("We know them well.",), remedy="Write to us.")
    assert check(replace(draft, record=edited), scene.ask(), scene.world) == edited
    on_condition = replace(draft.record, conditions=("A local test by June.",))
    checked = check(replace(draft, record=on_condition), scene.ask(), scene.world)
    assert checked.outcome == "on_condition", "the outcome follows from the conditions"
    more = draft.record.still_to_be_shown[0]
    for field, value in (
        ("recognised", (*draft.record.recognised, more)),
        ("still_to_be_shown", draft.record.still_to_be_shown[1:]),
        ("outcome", "recognised"),
        ("valid_until", "2029-01-01"),
        ("subject", "sha256:" + "0" * 64),
        ("agreements", ()),
        ("profile", LAB_PROFILE),
        ("first_failing", "x"),
        ("paths", ()),
    ):
        with pytest.raises(MalformedInput, match=field):
            check(replace(draft, record=replace(draft.record, **{field: value})), scene.ask(), scene.world)


def test_what_changed_since_the_draft_is_noticed(scene: Scene):
    draft = drafted(scene)
    over = scene.but(statements=[*scene.statements, ended(scene.statements[0], 90)])
    with pytest.raises(MalformedInput, match="recognised"):
        check(draft, over.ask(), over.world)


def test_two_people_with_two_keys_sign_the_same_bytes(scene: Scene, tmp_path: Path):
    draft = drafted(scene, reasons=("The first case.",))
    assert finished(draft) is None
    first = sign(draft, BEN, HEAD, now=day(100))
    assert finished(first) is None and first.record.decided_by == HEAD
    path = tmp_path / "draft.json"
    write_draft(path, first)
    whole = sign(read_draft(path), ANNA, now=day(101))
    line = finished(whole)
    assert line is not None
    heard = hear(line)
    assert (heard.kind, heard.subjects) == ("recognition", (scene.id,))
    assert [key.keyid for key in heard.keys] == [ANNA.keyid, BEN.keyid]
    record = heard.record(Recognition)
    assert record == whole.record and record.prepared_by == CLERK and record.decided_by == HEAD
    assert heard.valid_until[:10] == record.valid_until
    assert len(parse(line).signatures) == 2


@pytest.mark.parametrize(
    ("key", "person", "words"),
    [
        (ANNA, HEAD, "does not decide"),
        (BEN, CLERK, "the same person"),
        (BEN, Person(name="ANNA  weber", role="head"), "the same person"),
        (BEN, Person(name="\u0410nna Weber", role="head"), "the same person"),
        (BEN, None, "who decides"),
        (BEN, Person(name="Ben", role=" "), "who decides"),
    ],
)
def test_who_prepared_it_does_not_decide(scene: Scene, key: SigningKey, person: Person | None, words: str):
    with pytest.raises(UsageError, match=words):
        sign(drafted(scene), key, person, now=day(100))


def test_a_third_key_and_a_late_day_are_refused(scene: Scene):
    first = sign(drafted(scene), BEN, HEAD, now=day(100))
    with pytest.raises(UsageError, match="neither's"):
        sign(first, STRANGER, HEAD)
    with pytest.raises(UsageError, match="until 2026-12-31 only"):
        sign(drafted(scene), BEN, HEAD, now=day(364))


def test_no_word_changes_between_the_signatures(scene: Scene):
    first = sign(drafted(scene), BEN, HEAD, now=day(100))
    for changed in (
        replace(first, record=replace(first.record, reasons=("Other.",))),
        replace(first, record=replace(first.record, decided_by=CLERK)),
        replace(first, payload=first.payload[:-8]),
        replace(first, preparer=begin(first.record, STRANGER.public).preparer),
    ):
        with pytest.raises(MalformedInput):
            sign(changed, ANNA)
    forged = replace(first, signatures={BEN.keyid: "AA==", ANNA.keyid: "AA=="})
    with pytest.raises(AccordError):
        finished(forged)


def test_a_draft_that_is_none(tmp_path: Path, scene: Scene):
    with pytest.raises(UsageError, match="missing"):
        read_draft(tmp_path / "missing.json")
    broken = tmp_path / "broken.json"
    for text in (b"{}", b"[1]", b"\xff", to_readable_json(drafted(scene))[:-9]):
        broken.write_bytes(text)
        with pytest.raises(MalformedInput):
            read_draft(broken)
    odd = replace(drafted(scene), preparer=replace(drafted(scene).preparer, publicKey="AAAA"))
    with pytest.raises(MalformedInput):
        sign(odd, BEN, HEAD, now=day(100))
