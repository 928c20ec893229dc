import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, MalformedInput
from accord.trust import statement
from accord.trust.canonical import canonical
from accord.trust.dsse import sign
from accord.trust.ed25519 import SigningKey
from accord.trust.entry import hash_record

SUBJECT = statement.subject("a", "sha256:" + "0" * 64)


def test_a_statement_is_what_in_toto_says(now):
    payload = statement.build("urn:x", [SUBJECT], {"a": 1}, valid_days=365, now=now, salt="00" * 16)
    assert json.loads(payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a", "digest": {"sha256": "0" * 64}}],
        "predicateType": "urn:x",
        "predicate": {
            "a": 1,
            "salt": "00" * 16,
            "timeCreated": "2026-09-01T12:00:00Z",
            "validUntil": "2027-09-01T12:00:00Z",
        },
    }
    assert payload == canonical(json.loads(payload))
    found = statement.parse(payload)
    assert found.subject == (SUBJECT,)
    assert found.valid_until() == datetime(2027, 9, 1, 12, tzinfo=UTC)


def test_no_two_statements_have_the_same_salt(now):
    salts = {
        json.loads(statement.build("urn:x", [SUBJECT], {}, valid_days=1, now=now))["predicate"]["salt"]
        for _ in range(50)
    }
    assert len(salts) == 50
    assert all(len(bytes.fromhex(salt)) == 16 for salt in salts)


def test_unknown_fields_are_ignored():
    data = {
        "_type": statement.STATEMENT_TYPE,
        "subject": [{"digest": {"sm3": "ab" * 32}, "uri": "x"}],
        "predicateType": "y",
        "z": 1,
    }
    assert statement.parse(json.dumps(data).encode()).predicate == {}


GOOD = {
    "_type": statement.STATEMENT_TYPE,
    "subject": [{"digest": {"sha256": "ab" * 32}}],
    "predicateType": "y",
    "predicate": {},
}


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"subject": []},
        {"subject": [{"name": "a"}]},
        {"subject": [{"digest": {}}]},
        {"subject": [{"digest": {"sha256": "xyz"}}]},
        {"subject": [{"digest": {"sha256": ""}}]},
        {"subject": [{"digest": {"": "ab" * 32}}]},
        {"subject": [{"digest": {"sha256": 1}}]},
        {"subject": None},
        {"predicateType": ""},
        {"predicateType": 3},
        {"predicate": []},
    ],
)
def test_malformed_statements_are_refused(change):
    assert statement.parse(json.dumps(GOOD).encode())
    with pytest.raises(MalformedInput):
        statement.parse(json.dumps(GOOD | change).encode())


@given(
    st.binary(max_size=100)
    | st.dictionaries(st.sampled_from(list(GOOD)), st.text() | st.integers()).map(lambda d: json.dumps(d).encode())
)
def test_noise_is_refused(data):
    with pytest.raises(AccordError):
        statement.parse(data)


@pytest.mark.parametrize(
    "text",
    ["", "2026-09-01", "2026-09-01T12:00:00+02:00", "2026-13-01T12:00:00Z", "2026-9-1T12:0:0Z", "2026-09-01t12:00:00z",
     "٢٠٢٦-09-01T12:00:00Z", "2026-09-01T12:00:00Z\n", "2026-09-01T24:00:00Z", None, 5],
)  # fmt: skip
def test_only_one_form_of_time_is_read(text):
    with pytest.raises(MalformedInput):
        statement.parse_time(text)


def test_a_log_entry_hides_what_the_statement_says(now):
    """At most 1 KB whatever the statement's size; neither subject digest nor type in clear, and no two alike."""
    key = SigningKey.from_seed(b"e" * 32)
    payloads = [
        statement.build("urn:accord:x", [SUBJECT], {"a": "x" * 10_000}, valid_days=1, now=now) for _ in range(2)
    ]
    first, second = (hash_record(sign(payload, [key]), key.public) for payload in payloads)
    assert len(first) <= 1024
    assert first != second
    assert b"urn:accord" not in first
    assert b"0" * 64 not in first
    record = json.loads(first)
    assert record["kind"] == "accord/envelope"
    assert record["apiVersion"] == "v0.1"
    assert set(record["spec"]) == {"data", "signature"}
    assert record["spec"]["signature"]["verifier"]["keyDetails"] == "PKIX_ED25519"
    assert first == canonical(record)
