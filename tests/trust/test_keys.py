import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from accord.errors import AccordError, MalformedInput, Unavailable, UsageError
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import KeyStore, local_name
from accord.trust.log import own_log
from accord.trust.note import COSIGNATURE, VerifierKey

# The point y = 1, for which anybody can sign.
IDENTITY = f"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQ{'A' * 41}=\n-----END PUBLIC KEY-----"
OTHER = SigningKey.from_seed(b"o" * 32).public


@pytest.fixture
def store(tmp_path):
    return KeyStore(tmp_path / "home" / "keys")


def test_a_key_is_made_once_and_only_its_owner_reads_it(store):
    key = store.make()
    path = store.folder / "default.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert [item.name for item in store.folder.iterdir()] == ["default.key"]
    assert store.load().public == key.public == store.own().public
    with pytest.raises(UsageError, match="already"):
        store.make()
    assert store.load().public == key.public


def test_first_use_by_many_at_once_makes_one_key(store):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: store.own("shared").keyid, range(16)))
    assert len(set(keys)) == 1
    assert store.names() == ("shared",)


@pytest.mark.parametrize("name", ["", ".hidden", "../out", "a/b", "a b", "ä", "x" * 65])
def test_names_stay_inside_the_folder(store, name):
    with pytest.raises(UsageError, match="can't name a key"):
        store.make(name)


def test_what_is_missing_exposed_or_broken_is_said(store):
    with pytest.raises(UsageError, match="no key named 'x'"):
        store.load("x")
    store.make()
    path = store.folder / "default.key"
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="others can read"):
        store.load()
    path.chmod(0o600)
    path.write_bytes(b"rubbish")
    with pytest.raises(MalformedInput):
        store.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_made_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable, match="key folder"):
        KeyStore(tmp_path / "keys").make()
    tmp_path.chmod(0o700)


def test_others_are_trusted_by_vkey_or_pem(store):
    store.trust(str(local_name(OTHER)), name="Ministry", note="met in person")
    store.trust(OTHER.pem, name="Ministry of X")
    (only,) = store.trusted()
    assert (only.name, only.role, only.verifier.key) == ("Ministry of X", "signer", OTHER)
    log = VerifierKey("log.example/1", OTHER)
    witness = VerifierKey("w.example", OTHER, COSIGNATURE)
    store.trust(str(log), name="A log", role="log")
    store.trust(str(witness), name="A witness", role="witness")
    assert [key.role for key in store.trusted()] == ["signer", "log", "witness"]
    assert store.distrust("A log") == 1
    assert store.distrust("A log") == 0
    assert [key.name for key in store.trusted()] == ["Ministry of X", "A witness"]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        (OTHER.pem, "log"),
        (str(VerifierKey("w", OTHER, COSIGNATURE)), "signer"),
        (str(VerifierKey("w", OTHER)), "witness"),
        ("rubbish", "signer"),
        (IDENTITY, "signer"),
    ],
)  # fmt: skip
def test_wrong_keys_do_not_enter_the_trust_list(store, text, role):
    with pytest.raises(AccordError):
        store.trust(text, name="x", role=role)
    assert store.trusted() == ()


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"keys":[{}]}', b'{"keys":[{"role":"king","name":"a","vkey":"b","added":"c"}]}',
             b'{"keys":[{"role":"signer","name":"a","vkey":"b","added":"c"}]}', b"\xff", b"[" * 100_000],
)  # fmt: skip
def test_a_broken_trust_list_is_refused(store, data):
    store.make()
    (store.folder / "trusted.json").write_bytes(data)
    with pytest.raises(MalformedInput):
        store.known()


def test_known_keys_say_why(store):
    own, log = store.own(), store.own("log")
    store.trust(OTHER.pem, name="Friend")
    store.trust(own.public.pem, name="Myself")
    known = store.known()
    assert known.signer(own.keyid).why == "own"
    assert known.signer(OTHER.keyid).name == "Friend"
    assert known.signer("0" * 64) is None
    assert known.signer(log.keyid) is None
    assert [key.name for key in known.of("log")] == ["log"]


def test_the_trust_list_is_a_plain_file(store):
    store.trust(OTHER.pem, name="Friend", note="on paper")
    data = json.loads((store.folder / "trusted.json").read_text())
    assert data["keys"][0]["note"] == "on paper"
    assert data["keys"][0]["vkey"] == str(local_name(OTHER))


def test_where_keys_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path))
    assert KeyStore().folder == tmp_path / "config" / "keys"
    assert own_log().folder == tmp_path / "data" / "log"
    monkeypatch.delenv("ACCORD_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert KeyStore().folder == tmp_path / "xdg" / "accord" / "keys"
