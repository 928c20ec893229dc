"""Passwords: what is stored, what is refused, and that nobody learns by time or load which accounts there are."""

import time
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest

from accord.errors import AccordError
from accord.node.auth import accounts, passwords
from accord.node.auth.logging_in import log_in
from accord.node.problems import TooMany, Unauthenticated

SENTENCE = "my hovercraft is full of eels"


def test_what_is_stored_is_argon2id_with_the_parameters_of_rfc_9106():
    stored = argon2.extract_parameters(passwords.hashed(SENTENCE))
    assert stored.type is argon2.Type.ID
    assert stored.memory_cost >= 64 * 1024
    assert stored.time_cost >= 3
    assert stored.salt_len >= 16


def test_a_hash_holds_for_its_password_only_and_two_are_never_alike():
    first, second = passwords.hashed(SENTENCE), passwords.hashed(SENTENCE)
    assert first != second
    assert argon2.PasswordHasher().verify(first, SENTENCE)  # the library itself, without our code
    assert passwords.matches(first, SENTENCE)
    assert not passwords.matches(first, SENTENCE + " ")
    assert not passwords.matches(None, SENTENCE)
    assert not passwords.matches("$argon2id$nonsense", SENTENCE)


def test_one_password_typed_in_two_ways_is_one():
    assert passwords.matches(passwords.hashed("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301")
    assert passwords.matches(passwords.hashed("a lone \ud800 surrogate"), "a lone \ud800 surrogate")


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("x7#kQ!pz9w", True),
        ("abababababababab", True),
        ("Ada.Lovelace@example.org", True),
        ("a" * 257 + "bcdefg", True),
        (SENTENCE, False),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password, refused):
    assert bool(passwords.fault_of(password, "ada.lovelace@example.org")) == refused


def test_a_login_renews_a_hash_with_weaker_parameters(node):
    account = accounts.add(node, login="ada", name="Ada", password=SENTENCE, by="command-line")
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(SENTENCE)
    with node.store.writing() as transaction:
        transaction.run("UPDATE accounts SET password = ? WHERE id = ?", weak, account.id)
    log_in(node, "ada", SENTENCE, "192.0.2.1")
    renewed = accounts.get(node, account.id).password
    assert argon2.extract_parameters(renewed).memory_cost >= 64 * 1024
    log_in(node, "ada", SENTENCE, "192.0.2.1")
    assert accounts.get(node, account.id).password == renewed


def test_an_unknown_login_costs_the_same_time(node):
    accounts.add(node, login="ada", name="Ada", password=SENTENCE, by="command-line")
    accounts.add(node, login="invited", name="Invited", by="command-line")

    def seconds(login):
        started = time.perf_counter()
        with pytest.raises(Unauthenticated) as caught:
            log_in(node, login, "not the password", "192.0.2.1")
        assert caught.value.code == "wrong-login"
        return time.perf_counter() - started

    found = {login: min(seconds(login) for _ in range(4)) for login in ("ada", "nobody", "invited")}
    assert max(found.values()) < 2 * min(found.values()), found
    assert min(found.values()) > 0.01


def test_too_many_computations_at_once_are_turned_away():
    def attempt(_):
        try:
            return passwords.matches(None, SENTENCE)
        except AccordError as error:
            return type(error)

    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(attempt, range(40)))
    assert TooMany in found
    assert found.count(False) >= 2
    assert set(found) == {False, TooMany}
    assert passwords.matches(None, SENTENCE) is False  # and the door is open again
