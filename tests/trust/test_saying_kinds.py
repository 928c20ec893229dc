"""What every statement has around its record: no record may have a field of that name, or it would be lost."""

import pytest
from msgspec import field

from accord.records.said import Dispute, Person
from accord.trust.ed25519 import SigningKey
from accord.trust.kinds import KINDS, record_type
from accord.trust.saying import say
from accord.trust.statement import subject

AROUND = {"harness", "signer", "cosigners", "salt", "timeCreated", "validUntil"}
KEY = SigningKey.from_seed(b"k" * 32)
TARGET = "sha256:" + "ab" * 32


class Salted(Dispute, frozen=True, kw_only=True):
    salt: str = "of my own"


class Renamed(Dispute, frozen=True, kw_only=True):
    until: str = field(default="2027-01-01", name="validUntil")


@pytest.mark.parametrize(("kind", "lost"), [(Salted, "salt"), (Renamed, "validUntil")])
def test_a_record_that_would_lose_a_field_is_not_said(kind, lost):
    record = kind(target=TARGET, objection="no", by=Person(name="A", role="b"))
    with pytest.raises(TypeError, match=lost):
        say(record, "dispute", [subject("", TARGET)], signers=[KEY])


@pytest.mark.parametrize("kind", KINDS)
def test_no_record_of_ours_has_such_a_field(kind):
    assert not AROUND & set(record_type(kind).__struct_encode_fields__)
