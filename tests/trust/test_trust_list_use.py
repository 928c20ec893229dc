"""Trust lists from draft to shelf, and reports that are verified by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from accord.errors import AccordError, MalformedInput, UsageError
from accord.records.trust_list import PostalAddress, TrustList
from accord.trust.checking import check
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import KeyStore, KnownKey, Trust, local_name
from accord.trust.note import COSIGNATURE, Note, NoteSignature, VerifierKey
from accord.trust.proof import LogProof
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import (
    Accepted,
    accept,
    continuity,
    seen_at,
    subject_digest,
)
from accord.trust.trust_list_draft import all_mistakes, join, line_of, propose, read_draft, share, write_draft
from accord.trust.trust_list_editing import (
    add_entity,
    add_service,
    change_service,
    first_list,
    next_list,
    rotate,
)
from accord.trust.trust_list_shelf import Shelf

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [SigningKey.from_seed(bytes([n]) * 32) for n in range(40)]
A, B, C, D = KEYS[:4]
LAB, LAB2 = KEYS[10:12]
ADDRESS = PostalAddress(lang="en", StreetAddress="Invalidenstr. 1", Locality="Berlin", Country="DE")


def vkey(key: SigningKey) -> str:
    return str(local_name(key.public))


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def with_entity(record: TrustList, entity_id: str = "lab", **more) -> TrustList:
    return add_entity(
        record, f"The {entity_id}", entity_id, address=ADDRESS, email="a@b.example", uri="https://lab.example", **more
    )


def first(*keys: SigningKey, threshold: int = 2, days: int = 365) -> TrustList:
    record = first_list("Bundesamt", "DE", [vkey(key) for key in keys], threshold, days=days, at=START)
    return add_service(with_entity(record), "lab", "laboratory", [vkey(LAB)], since=START, at=START)


def signed(record: TrustList, *keys: SigningKey) -> bytes:
    return say(record, "trust-list", [subject(record.operator, subject_digest(record))], signers=keys, now=START)


def pin(*keys: SigningKey) -> tuple[str, ...]:
    return tuple(key.keyid for key in keys)


@pytest.fixture
def held() -> Accepted:
    return accept(None, signed(first(A, B, C), A, B), pin(A, B))


# Drafts, and where lists are kept.


def test_several_people_sign_copies_of_one_draft(held, tmp_path):
    record = rotate(next_list(held, at=day(1)), [vkey(key) for key in (B, C, D)], 2)
    with pytest.raises(UsageError, match="earlier"):
        propose(record, [D.public, C.public], held)
    draft = propose(record, [A.public, B.public, D.public], held)
    copies = []
    for number, key in enumerate((A, B, D)):
        path = tmp_path / f"{number}.json"
        write_draft(path, share(draft, key))
        copies.append(read_draft(path))
    assert copies[0].missing == (B.keyid, D.keyid)
    with pytest.raises(UsageError, match="signatures are missing"):
        line_of(copies[0])
    with pytest.raises(UsageError, match="signed already"):
        share(copies[0], A)
    with pytest.raises(UsageError, match="not among"):
        share(copies[0], C)
    whole = join(copies)
    assert whole.record == record
    assert accept(held, line_of(whole)).record == record
    assert accept(held, line_of(whole)).heard.valid_until == record.information.NextUpdate
    wrong = replace(whole, shares=(replace(whole.shares[0], sig=whole.shares[1].sig), *whole.shares[1:]))
    with pytest.raises(MalformedInput, match="is false"):
        line_of(wrong)
    with pytest.raises(UsageError, match="not drafts of the same list"):
        join([copies[0], propose(record, [A.public, B.public, D.public], held)])


def test_a_draft_is_refused_before_anybody_signs(held):
    record = next_list(held, at=day(1))
    assert all_mistakes(record, held) == []
    assert all_mistakes(next_list(accept(held, signed(record, A, B)), at=day(2)), held) != []
    bad = with_entity(record, "empty")
    with pytest.raises(MalformedInput, match="at least one service"):
        propose(bad, [A.public, B.public], held)
    gone = replace(record, LoTE=replace(record.LoTE, TrustedEntitiesList=()))
    assert "removed" in continuity(held.record, gone)[0]


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"payload":"AAAA"}', b'{"payload":"e30=","shares":[]}',
     b'{"editing":{},"payload":""}'],
)  # fmt: skip
def test_a_damaged_draft_is_named(tmp_path, text):
    path = tmp_path / "draft.json"
    path.write_bytes(text)
    with pytest.raises(AccordError):
        found = read_draft(path)
        _ = (found.record, found.keys)


def test_the_shelf_keeps_every_number(held, tmp_path):
    shelf = Shelf(tmp_path / "lists")
    assert shelf.current() == ()
    second = signed(next_list(held, at=day(1)), A, B)
    with pytest.raises(MalformedInput) as caught:
        shelf.take([held.heard.raw])
    assert caught.value.code == "not-pinned"
    assert [item.record.sequence for item in shelf.take([held.heard.raw], pin(A, B))] == [1]
    assert [item.record.sequence for item in shelf.take([held.heard.raw, second])] == [2]
    assert shelf.take([second]) == ()
    with pytest.raises(MalformedInput, match="is held already"):
        shelf.take([held.heard.raw])
    union = signed(first_list("Union", "AFU", [vkey(D)], 1, days=9, at=START), D)
    shelf.take([union], pin(D))
    assert [item.name for item in shelf.current()] == ["Bundesamt (DE)", "Union (AFU)"]
    assert shelf.find("AFU").heard.raw == union
    assert shelf.chain(shelf.find("DE")) == (held.heard.raw, second)
    assert [item.record.sequence for item in shelf.check(shelf.find("Bundesamt"))] == [1, 2]
    with pytest.raises(UsageError):
        shelf.find("FR")
    place = next((tmp_path / "lists").glob("*/0000000002*"))
    place.write_bytes(place.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(MalformedInput):
        shelf.current()


# A report that somebody on a list signed (the fixtures seal one on day 243).

WITNESS = SigningKey.from_seed(b"w" * 32)
COURT = VerifierKey("witness.example", WITNESS.public, COSIGNATURE)


def listing(signer: SigningKey, *changes: tuple[float, str]) -> Accepted:
    record = first_list("Bundesamt", "DE", [vkey(A)], 1, days=400, at=START)
    record = add_service(with_entity(record), "lab", "laboratory", [vkey(signer)], since=START, at=START)
    held = accept(None, signed(record, A), pin(A))
    for n, status in changes:
        record = next_list(held, at=day(n), days=400)
        record = change_service(record, "lab", "laboratory", status=status, since=day(n), at=day(n))
        held = accept(held, signed(record, A))
    return held


def cosign(folder, proof: LogProof, *times: float, forged: tuple[float, ...] = ()) -> None:
    lines = []
    for n in (*times, *forged):
        seconds = int(day(n).timestamp())
        message = f"cosignature/v1\ntime {seconds if n not in forged else 1}\n{proof.note.text}".encode()
        lines.append(NoteSignature(COURT.name, COURT.key_id, seconds.to_bytes(8, "big") + WITNESS.sign(message)))
    note = Note(proof.note.text, (*proof.note.signatures, *lines))
    (folder / "assessment.tlog-proof").write_bytes(LogProof(proof.index, proof.hashes, note).encode())


def test_a_signer_on_an_accepted_list_is_known_with_the_reason(sealed, report, signer):
    found = check(report, trusted=Trust(lists=(listing(signer),)), now=day(250)).signer
    assert (found.known, found.why, found.name) == (True, "trust_list", "The lab")
    assert "laboratory" in found.reason
    assert "Bundesamt (DE)" in found.reason
    assert "since 2026-01-01" in found.reason
    other = check(report, trusted=Trust(lists=(listing(LAB),)), now=day(250)).signer
    assert (other.known, other.why) == (False, "unknown")
    late = check(report, trusted=Trust(lists=(listing(signer),)), now=day(401)).signer
    assert not late.known
    assert "spoke until" in late.reason


def test_one_who_is_withdrawn_is_known_for_what_a_witness_saw_before(sealed, report, signer):
    court = KnownKey(role="witness", name="The court", why="trust_list", vkey=str(COURT))
    trusted = Trust(keys=(court,), lists=(listing(signer, (245, "withdrawn")),))

    def found():
        return check(report, trusted=trusted, now=day(250))

    assert not found().signer.known
    assert "withdrawn since 2026-09-03" in found().signer.reason
    cosign(report, sealed.proof, 244)
    assert found().unchanged
    assert found().log.seen == "2026-09-02T00:00:00Z"
    assert found().signer.known
    cosign(report, sealed.proof, 246)
    assert not found().signer.known
    cosign(report, sealed.proof, 246, forged=(244,))
    assert not (found().unchanged and found().signer.known)
    before = Trust(keys=(court,), lists=(listing(signer, (200, "suspended")),))
    assert "suspended" in check(report, trusted=before, now=day(250)).signer.reason
    again = Trust(keys=(court,), lists=(listing(signer, (200, "suspended"), (240, "granted")),))
    assert check(report, trusted=again, now=day(250)).signer.known


def test_the_key_store_knows_who_is_on_the_lists_beside_it(tmp_path, signer):
    store = KeyStore(tmp_path / "keys")
    assert store.known() == Trust()
    now = datetime.now(UTC).replace(microsecond=0)
    record = first_list("Bundesamt", "DE", [vkey(A)], 1, days=30, at=now)
    record = add_service(with_entity(record), "lab", "laboratory", [vkey(signer)], since=START, at=now)
    record = add_service(record, "lab", "witness", [str(COURT)], since=START, at=now)
    record = add_service(record, "lab", "log", [vkey(LAB2)], status="suspended", since=START, at=now)
    Shelf(tmp_path / "trust-lists").take([signed(record, A)], pin(A))
    trusted = store.known()
    assert [(key.role, key.listed, key.vkey) for key in trusted.keys] == [("witness", "Bundesamt (DE)", str(COURT))]
    assert trusted.signer(signer.keyid).listed == "Bundesamt (DE)"
    assert trusted.signer(signer.keyid, START - timedelta(days=1)) is None
    assert trusted.signer(LAB.keyid) is None
    assert trusted.signer(LAB2.keyid) is None, "a log signs no statements"
    store.trust(vkey(signer), name="by hand")
    assert store.known().signer(signer.keyid, START - timedelta(days=1)).name == "by hand"


@pytest.mark.parametrize("seconds", [0, 2**62, 253_402_300_800])
def test_a_time_beyond_all_calendars_shows_nothing(seconds):
    line = NoteSignature(COURT.name, COURT.key_id, seconds.to_bytes(8, "big") + bytes(64))
    assert seen_at(Note("x\n", (line,)), [COURT]) is None
