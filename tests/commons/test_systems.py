"""The register as a view on statements: versions, authority, order, visibility, and rebuilding."""

import random
from dataclasses import dataclass
from datetime import date

import pytest
from msgspec.structs import replace

from accord.commons.interface import apply, projections, rebuild, set_up
from accord.commons.systems import page as pages
from accord.commons.systems.classing import frameworks_for, interval_for, signs_for
from accord.commons.systems.drafting import Answers, NotComplete, Rules, answers_of, compose
from accord.commons.systems.projection import PROJECTION, subject_of
from accord.errors import MalformedInput
from accord.records.registration import Registration
from accord.records.said import Disclosure, Erasure, Revocation
from accord.store.statements import Incoming, add, by_seq, next_seq, note_logged
from accord.store.viewer import VISITOR, Viewer
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import hear, say
from accord.trust.statement import Named

ORIGIN = "node.example/log"
NOW = "2026-06-01T00:00:00Z"
STAFF = Viewer(account="a", roles=frozenset({"officer"}), office="Transport")
MEMBER = Viewer(account="b", roles=frozenset({"reader"}))


@dataclass
class Register:
    """A store that a node called ORIGIN speaks in, without the node."""

    store: object
    speaker: SigningKey
    officer: SigningKey

    def take(self, line, level="public"):
        heard = hear(line)
        with self.store.writing() as t:
            seq = next_seq(t)
            add(t, seq, [Incoming.of(heard)], NOW, level)
            note_logged(t, ORIGIN, [(seq - 1, seq)])
            apply(t, by_seq(t, seq), heard)
        return heard.id

    def say(self, record, kind, about, signers=None, level="public"):
        subjects = [Named({"sha256": x.removeprefix("sha256:")}) for x in about]
        return self.take(say(record, kind, subjects, signers=signers or [self.speaker]), level)

    def register(self, entry, signers=None, level="public"):
        return self.say(
            entry, "registration", [subject_of(entry.origin, entry.entry)],
            signers=signers or [self.speaker, self.officer], level=level,
        )  # fmt: skip

    def dump(self):
        with self.store.reading() as t:
            tables = {name: sorted(t.rows(f"SELECT * FROM {name}")) for name in PROJECTION.tables}
            return tables | {"search": sorted(t.rows("SELECT kind, term, seq FROM search WHERE kind = 'systems'"))}

    def entries(self, viewer=VISITOR, **asked):
        with self.store.reading() as t:
            return [item.name for item in pages.listing(t, viewer, NOW, **asked).items]

    def entry(self, name, viewer=VISITOR):
        with self.store.reading() as t:
            return pages.entry(t, viewer, name, ORIGIN, NOW)


@pytest.fixture
def register(store):
    made = Register(store, SigningKey.from_seed(b"\1" * 32), SigningKey.from_seed(b"\2" * 32))
    with made.store.writing() as t:
        set_up(t)
        t.run(
            "INSERT INTO logs (origin, speaker, own, size, root, note) VALUES (?, ?, 1, 0, ?, ?)",
            ORIGIN, made.speaker.keyid, b"", b"",
        )  # fmt: skip
    return made


def an_entry(number=1, **fields):
    return Registration(
        **{
            "origin": ORIGIN, "entry": f"{number:016x}", "name": f"System {number}", "kind": "system",
            "status": "in_use", "office": "Transport", "purpose": "Finds free parking lots.", **fields,
        }
    )  # fmt: skip


def next_of(entry, statement, **fields):
    return replace(entry, version=entry.version + 1, replaces=statement, **fields)


def test_a_version_takes_the_place_of_the_one_before_and_history_stays(register):
    first = an_entry(sdgs=(11,), jurisdictions=("DE",))
    one = register.register(first)
    register.register(next_of(first, one, status="paused", purpose="Finds and books parking lots."))
    found = register.entry(first.entry)
    assert found.record.status == "paused"
    assert [version.entry.version for version in found.versions] == [2, 1]
    assert {(c.field, c.before, c.after) for c in found.current.changes} == {
        ("status", "in use", "paused"),
        ("purpose", "Finds free parking lots.", "Finds and books parking lots."),
    }
    assert register.entries(words="books") == ["System 1"]
    assert register.entries(filters={"status": "in_use"}) == []
    assert register.entries(filters={"status": "paused", "sdg": "11", "jurisdiction": "DE"}) == ["System 1"]
    assert register.entry(subject_of(ORIGIN, first.entry)[7:]).record == found.record


@pytest.mark.parametrize("who", ["stranger", "officer alone", "other subject", "unknown register"])
def test_only_the_node_whose_register_it_is_makes_or_continues_an_entry(register, who):
    first = an_entry()
    one = register.register(first)
    forged = next_of(first, one, name="Forged")
    about, signers = [subject_of(ORIGIN, first.entry)], [SigningKey.from_seed(b"\3" * 32)]
    if who == "officer alone":
        signers = [register.officer]
    if who == "other subject":
        about, signers = ["sha256:" + "ab" * 32], [register.speaker]
    if who == "unknown register":
        forged = replace(forged, origin="elsewhere.example/log")
        about, signers = [subject_of(forged.origin, forged.entry)], [register.speaker]
    register.say(forged, "registration", about, signers=signers)
    assert register.entries() == ["System 1"]
    assert register.entry(first.entry).record.name == "System 1"
    with register.store.reading() as t:
        assert t.one("SELECT COUNT(*) FROM unread WHERE projection = 'systems'") == (1,)


def test_grave_signs_come_first_and_what_is_retired_last(register):
    laws = frameworks_for(["DE"])
    answers = [
        {"eu-art_2": True, "eu-gpai": False},
        {},
        {"eu-art_5-c": True},
        {"eu-annex_iii-4-a": True, "eu-art_6_3": False},
    ]
    for number, said in enumerate(answers, 1):
        made = an_entry(number, answers=said, jurisdictions=("DE",))
        register.register(replace(made, signs=signs_for(made, laws)))
    register.register(an_entry(9, status="retired"))
    with register.store.reading() as t:
        items = pages.listing(t, VISITOR, NOW).items
    grades = [item.grade for item in items]
    assert grades == ["prohibited", "high", "unknown", "none", "retired"]
    assert [item.name for item in items] == ["System 3", "System 4", "System 2", "System 1", "System 9"]


def test_pages_of_the_list_hold_each_entry_once(register):
    rng = random.Random(3)
    names = set()
    for number in range(1, 41):
        status = rng.choice(["in_use", "retired", "pilot"])
        register.register(an_entry(number, status=status))
        names.add(f"System {number}")
    seen, cursor = [], ""
    while True:
        with register.store.reading() as t:
            part = pages.listing(t, VISITOR, NOW, cursor=cursor, limit=7)
        seen += [item.name for item in part.items]
        cursor = part.further
        if not cursor:
            break
    assert len(seen) == 40 and set(seen) == names


@pytest.mark.parametrize("level", ["community", "none"])
def test_what_is_withheld_shows_nowhere_to_a_visitor(register, level):
    secret = an_entry(
        7, name="Secretum", office="Hidden office", sector="hidden-sector", sdgs=(5,), jurisdictions=("KE",)
    )
    one = register.register(secret, level=level)
    register.say(Disclosure(targets=(one,), level=level, reason="r"), "disclosure", [one])
    assert register.entries() == [] and register.entries(words="secretum") == []
    assert register.entry(secret.entry) is None
    with register.store.reading() as t:
        for name in ("office", "sector", "jurisdiction"):
            assert pages.choices(t, VISITOR, name) == []
        assert pages.counts(t, VISITOR, "status", ["in_use"]) == {"in_use": 0}
        assert all(goal.entries == 0 for goal in pages.portfolio(t, VISITOR))
        assert pages.records(t, VISITOR) == ([], None)
        assert pages.choices(t, STAFF, "office") == ["Hidden office"]
        assert pages.counts(t, MEMBER, "status", ["in_use"]) == {"in_use": int(level == "community")}
    assert register.entries(STAFF, words="secr") == ["Secretum"]


def test_an_older_public_version_does_not_show_what_is_withheld_now(register):
    first = an_entry(3)
    one = register.register(first)
    two = register.register(next_of(first, one, name="Renamed"))
    register.say(Disclosure(targets=(two,), level="none", reason="r"), "disclosure", [two])
    assert register.entries() == [] and register.entry(first.entry) is None
    assert register.entries(words="System") == []


def test_rebuilding_gives_what_was_built_step_by_step(register):
    rng = random.Random(11)
    current = {}
    for step in range(60):
        number = rng.randrange(8)
        if number in current and rng.random() < 0.7:
            entry, statement = current[number]
            entry = next_of(entry, statement, purpose=f"step {step}", sdgs=(rng.randrange(1, 18),))
        elif number in current:
            continue
        else:
            entry = an_entry(number, name=f"Entry {number}", subjects=(f"sha256:{number:064x}",))
        current[number] = entry, register.register(entry)
        if rng.random() < 0.2:
            target = current[number][1]
            register.say(Disclosure(targets=(target,), level="none", reason="r"), "disclosure", [target])
        if rng.random() < 0.25:
            target = current[number][1]
            register.say(Erasure(target=target, reason="r"), "erasure", [target])
        if rng.random() < 0.1:
            target = current[number][1]
            register.say(Revocation(target=target, reason="r", effective=NOW), "revocation", [target])
    before = register.dump(), register.entries(STAFF), register.entries()
    assert before[0]["systems"] and before[0]["search"]
    with register.store.writing() as t:
        for projection in projections():
            rebuild(t, projection)
    assert (register.dump(), register.entries(STAFF), register.entries()) == before


def test_assessments_of_a_subject_are_counted_as_far_as_they_may_be_seen(register):
    digest = "sha256:" + "cd" * 32
    register.register(an_entry(subjects=(digest,)))
    with register.store.writing() as t:
        for level in ("public", "none"):
            seq = next_seq(t)
            t.run(
                "INSERT INTO statements (seq, id, kind, type, subject, keyid, created, valid_until, received,"
                " disclosure)"
                " VALUES (?, ?, 'assessment', '', ?, 'k', ?, '', '', ?)",
                seq, f"sha256:{seq:064x}", digest, NOW, level,
            )  # fmt: skip
        assert [item.measured for item in pages.listing(t, VISITOR, NOW).items] == [1]
        assert [item.measured for item in pages.listing(t, STAFF, NOW).items] == [2]
        assert len(pages.entry(t, VISITOR, f"{1:016x}", ORIGIN, NOW).assessments) == 1


def test_answers_make_an_entry_and_come_back_out_of_it():
    answers = Answers(
        values={
            "name": " Park   finder ", "kind": "a system", "status": "In use", "office": "Transport",
            "purpose": "Finds parking.\r\nAnd books it.", "affected": "drivers\nresidents; guests", "sdgs": "11, 3",
            "affected_about": "12 000", "jurisdictions": "de EU", "since": "2025-01-31", "url": "https://a.example/x",
            "training_flop": "3e23", "subjects": "sha256:" + "ab" * 32,
        },
        unknown=("oversight",),
        answers={"eu-annex_iii": False},
    )  # fmt: skip
    rules = Rules(ORIGIN, "DE")
    made = compose(answers, rules, entry="0" * 16, today=date(2026, 1, 1))
    assert (made.name, made.kind, made.status) == ("Park finder", "system", "in_use")
    assert made.purpose == "Finds parking.\nAnd books it."
    assert made.affected == ("drivers", "residents", "guests") and made.sdgs == (3, 11) and made.affected_about == 12000
    assert made.jurisdictions == ("DE", "EU") and made.training_flop == 3e23
    assert made.review.set_by == "tier" and made.review.due > "2026-01-01" and made.unknown == ("oversight",)
    again = compose(answers_of(made), rules, entry="0" * 16, today=date(2026, 1, 1))
    assert again == made


def test_every_mistake_is_named_at_once():
    answers = Answers(
        values={
            "kind": "robot", "status": "in_use", "office": "", "since": "31.1.2025", "sdgs": "18",
            "url": "javascript:1", "affected_about": "many", "jurisdictions": "Germany", "subjects": "abc",
            "languages": "english!",
        },
        days="0",
    )  # fmt: skip
    with pytest.raises(NotComplete) as caught:
        compose(answers, Rules(ORIGIN, "DE"), entry="0" * 16, today=date(2026, 1, 1))
    assert [wrong.field for wrong in caught.value.wrong] == [
        "name", "kind", "since", "url", "office", "jurisdictions", "languages", "sdgs", "affected_about", "subjects",
        "days", "reason",
    ]  # fmt: skip


def test_intervals_come_from_the_class_the_node_or_a_person(tmp_path):
    made = an_entry(answers={"eu-art_5-c": True, "eu-art_2": False})
    signs = signs_for(made, frameworks_for(["DE"]))
    assert [s.tier for s in signs if s.answer == "yes"] == ["prohibited"]
    own = tmp_path / "reviews.toml"
    assert interval_for(signs, own).days == 30
    own.write_text('[intervals.prohibited]\ndays = 7\nreason = "the council decided so"\n')
    assert interval_for(signs, own) == (7, "the council decided so", "profile")
    for bad in ("[intervals.prohibited]\ndays = 0\nreason = 'x'", "[intervals.blue]\ndays = 1\nreason = 'x'", "x = ["):
        own.write_text(bad)
        with pytest.raises(MalformedInput):
            interval_for(signs, own)
    answers = Answers(
        values={"name": "x", "kind": "system", "status": "pilot", "office": "o"},
        days="10",
        reason="new",
        last="2026-02-01",
    )
    plan = compose(answers, Rules(ORIGIN, "DE"), entry="0" * 16, today=date(2026, 3, 1)).review
    assert (plan.due, plan.set_by, plan.last) == ("2026-02-11", "hand", "2026-02-01")


@pytest.mark.parametrize(
    "fields",
    [
        {"entry": "x"}, {"url": "javascript:alert(1)"}, {"since": "yesterday"}, {"jurisdictions": ("germany",)},
        {"subjects": ("abc",)}, {"replaces": "sha256:" + "0" * 64}, {"unknown": ("a b",)},
    ],
)  # fmt: skip
def test_a_registration_that_makes_no_sense_is_refused(fields):
    with pytest.raises(ValueError):
        an_entry(**fields)


def test_text_that_a_database_can_not_hold_is_no_obstacle(register):
    register.register(an_entry(name="A\0B", purpose="\0", office="O\0", sector="s\0"))
    assert register.entries(words="b") == ["AB"]
    assert register.entries(filters={"office": "O"}) == ["AB"]


@pytest.mark.parametrize("name", ["\0", " ", "\u00a0\n"])
def test_a_name_of_nothing_is_no_name(name):
    answers = Answers(values={"name": name, "kind": "system", "status": "pilot", "office": "o"})
    with pytest.raises(NotComplete):
        compose(answers, Rules(ORIGIN, "DE"), entry="0" * 16, today=date(2026, 1, 1))
