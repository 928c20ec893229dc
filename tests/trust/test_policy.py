"""Policies. The cases that are marked so are those of transparency-dev's Go implementation (policy_test.go, 2026)."""

import itertools
import json
import random

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.cli import cli
from accord.errors import AccordError, LimitExceeded, MalformedInput, UsageError
from accord.trust.checking import LogCheck, PlanCheck, SealCheck, SignerCheck, check
from accord.trust.checkpoint import Checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import KeyStore, KnownKey, Trust, local_name
from accord.trust.mldsa import MldsaSigningKey
from accord.trust.note import COSIGNATURE, ED25519, Cosigner, Note, VerifierKey
from accord.trust.policy import NONE, Group, Party, Policy, parse_policy, read_policy, verify_under
from accord.trust.proof import LogProof
from accord.trust.tree import leaf_hash
from accord.verify import Recomputed, Verification

TIME = 1_700_000_000
LOG = SigningKey.from_seed(b"l" * 32)
LOG_KEY = VerifierKey("example.com/log", LOG.public)
SIGNED = Checkpoint("example.com/log", 42, bytes(32)).sign(LOG)
COSIGNERS = [Cosigner(f"witness.example/{i}", SigningKey.from_seed(bytes([i]) * 32)) for i in range(1, 6)]
COSIGNERS.append(Cosigner("witness.example/6", MldsaSigningKey.from_seed(bytes([6]) * 32)))
KEYS = [cosigner.verifier for cosigner in COSIGNERS]
W1, W2, W3, W4, W5, W6 = map(str, KEYS)
EXAMPLE = f"""\
log {LOG_KEY}

witness X1 {W1}
witness X2 {W2}
witness X3 {W3}
group X-witnesses 2 X1 X2 X3

witness Y1 {W4}
witness Y2 {W5}
witness Y3 {W6}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""  # The example of c2sp.org/tlog-policy, with an ML-DSA-44 key as its last witness.


def policy(text):
    return parse_policy(text.encode())


def cosigned(*numbers, note=SIGNED):
    lines = (COSIGNERS[number - 1].cosign(note.text, TIME) for number in numbers)
    return Note(note.text, (*note.signatures, *lines))


def test_the_example_of_the_specification_is_read():
    """Case "spec example"."""
    found = policy(EXAMPLE)
    assert found.logs == (Party(LOG_KEY),)
    assert found.witnesses == {
        name: Party(key) for name, key in zip(["X1", "X2", "X3", "Y1", "Y2", "Y3"], KEYS, strict=True)
    }
    assert found.groups == {
        "X-witnesses": Group(("X1", "X2", "X3"), 2),
        "Y-witnesses": Group(("Y1", "Y2", "Y3"), 1),
        "X-and-Y": Group(("X-witnesses", "Y-witnesses"), 2),
    }
    assert found.quorum == "X-and-Y"


def test_what_else_a_policy_may_be():
    """Cases "minimal", "whitespace and comments", "urls …", "non-ASCII names …", "keywords other than none …"."""
    assert policy("quorum none\n") == Policy()
    spaced = f"\n# comment\n\t # another comment\n\twitness \t w1  {W1}   https://w1.example.com/  \n\n  quorum\tw1"
    assert policy(spaced) == Policy((), {"w1": Party(KEYS[0], "https://w1.example.com/")}, {}, "w1")
    assert policy(f"log {LOG_KEY} https://log.example/\nquorum none").logs == (Party(LOG_KEY, "https://log.example/"),)
    kelvin = parse_policy(b"witness K\xe2\x84\xaa\x80 %b\nquorum K\xe2\x84\xaa\x80\n" % W1.encode())
    assert [name.encode("utf-8", "surrogateescape") for name in kelvin.witnesses] == [b"K\xe2\x84\xaa\x80"]
    words = policy(f"witness all {W1}\nwitness any {W2}\ngroup group 2 all any\nquorum group\n")
    assert words.groups == {"group": Group(("all", "any"), 2)}
    assert policy(f"log {W6}\nquorum none\n").logs == (Party(KEYS[5]),)  # torchwood: a log may sign with ML-DSA-44.


def test_names_are_octets():
    """A Kelvin sign is no K, and one octet that is not UTF-8 is not another."""
    for name in (b"K", b"\x81", b"\xef\xbf\xbd", b"\\x80"):
        with pytest.raises(MalformedInput, match="no line above defines"):
            parse_policy(b"witness \x80 %b\nwitness \xe2\x84\xaa %b\nquorum %b\n" % (W1.encode(), W2.encode(), name))


DUPLICATE = VerifierKey("impostor.example", KEYS[0].key, COSIGNATURE)
MISTAKES = {
    "quorum none\n\x01": "line 2: the octet 0x01",
    "quorum none\r\n": "line 1: the octet 0x0d",
    "quorum none\x7f\n": "line 1: the octet 0x7f",
    "quibble w1\nquorum none\n": "line 1: it begins with quibble",
    f"witness w1 {W1} https://w1.example/ # comment\nquorum w1\n": "line 1: a witness line reads",
    "log\nquorum none\n": "line 1: a log line reads",
    "log garbage\nquorum none\n": "line 1: a verifier key reads",
    f"log {W1}\nquorum none\n": "line 1: a key of kind 0x04 is none of a log",
    f"log {LOG_KEY}\nlog {LOG_KEY} https://log.example/\nquorum none\n": "line 2: the same log key",
    f"log {LOG_KEY}\nlog {VerifierKey('other', LOG.public)}\nquorum none\n": "line 2: the same log key",
    "witness\nquorum none\n": "line 1: a witness line reads",
    "group\nquorum none\n": "line 1: a group line reads",
    "witness w1\nquorum w1\n": "line 1: a witness line reads",
    f"witness w1 {VerifierKey('w', LOG.public, ED25519)}\nquorum w1\n": "line 1: a key of kind 0x01 is none",
    f"witness none {W1}\nquorum none\n": "line 1: the name none is taken",
    f"witness w1 {W1}\nwitness w1 {W2}\nquorum w1\n": "line 2: the name w1 is taken",
    f"witness w1 {W1}\ngroup w1 any w1\nquorum w1\n": "line 2: the name w1 is taken",
    f"witness w1 {W1}\ngroup g1 1\nquorum w1\n": "line 2: a group line reads",
    f"witness w1 {W1}\ngroup none any w1\nquorum none\n": "line 2: the name none is taken",
    f"witness w1 {W1}\ngroup g1 0 w1\nquorum g1\n": "line 2: 0 is not all, any or a number from 1 to 1",
    f"witness w1 {W1}\ngroup g1 -1 w1\nquorum g1\n": "line 2: -1 is not",
    f"witness w1 {W1}\ngroup g1 01 w1\nquorum g1\n": "line 2: 01 is not",
    f"witness w1 {W1}\ngroup g1 ² w1\nquorum g1\n": "line 2: ² is not",
    f"witness w1 {W1}\ngroup g1 2 w1\nquorum g1\n": "line 2: 2 is not",
    f"witness w1 {W1}\ngroup g1 {'9' * 5000} w1\nquorum g1\n": "line 2: 999",
    f"witness w1 {W1}\ngroup g1 any w2\nquorum g1\n": "line 2: no line above defines w2",
    f"witness w1 {W1}\ngroup g1 any g1\nquorum g1\n": "line 2: no line above defines g1",
    f"group g1 any w1\nwitness w1 {W1}\nquorum g1\n": "line 1: no line above defines w1",
    f"witness w1 {W1}\ngroup g1 any none w1\nquorum g1\n": "line 2: no line above defines none",
    f"witness w1 {W1}\ngroup g1 all w1 w1\nquorum g1\n": "line 2: w1 is a member already",
    f"witness w1 {W1}\nwitness w2 {W2}\ngroup g1 any w1 w2\ngroup g2 any w1\nquorum g1\n": "line 4: w1 is a member",
    f"witness w1 {W1}\n": "one quorum line, this one 0",
    f"witness w1 {W1}\nquorum w1\nquorum w1\n": "one quorum line, this one 2",
    "quorum unknown\n": "line 1: no line above defines unknown",
    f"quorum w1\nwitness w1 {W1}\n": "line 1: no line above defines w1",
    "quorum\n": "line 1: a quorum line reads",
    f"witness w1 {W1}\nwitness w2 {DUPLICATE}\nquorum w1\n": "line 2: the same witness key",
    "": "one quorum line, this one 0",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items())
def test_mistakes_are_named_with_their_line(text, said):
    """Cases of TestUnmarshal_Errors and TestUnmarshal_DuplicateWitnessKeys, and some of ours."""
    with pytest.raises(MalformedInput) as error:
        parse_policy(text.encode(), name="p.policy")
    assert error.value.message.startswith("p.policy: ")
    assert said in error.value.message
    assert "; " not in error.value.message, "one mistake is told once"


def test_all_mistakes_are_told_at_once_and_one_is_not_two():
    text = f"log garbage\nwitness w1 rubbish\nwitness w2 {W2}\ngroup g 5 w1 w2\nquorum g\nend\n"
    with pytest.raises(MalformedInput) as error:
        policy(text)
    assert [part.split(":")[0] for part in error.value.message.removeprefix("policy: ").split("; ")] == [
        "line 1",
        "line 2",
        "line 4",
        "line 6",
    ]
    with pytest.raises(MalformedInput) as error:
        policy("x\n" * 100_000)
    assert len(error.value.message) < 5_000


def test_a_policy_has_limits():
    with pytest.raises(LimitExceeded):
        parse_policy(b"#" * (1024 * 1024 + 1))
    chain = "".join(f"group g{i} any {f'g{i - 1}' if i else 'w'}\n" for i in range(999))
    deep = policy(f"log {LOG_KEY}\nwitness w {W1}\n{chain}quorum g998\n")
    assert deep.standing(cosigned(1)).satisfied
    assert len(deep.standing(cosigned()).missing) == 999
    with pytest.raises(MalformedInput, match="more than 1000 witnesses and groups"):
        policy(f"witness w {W1}\n{chain}group one any g998\nquorum one\n")


def test_a_file_is_read(tmp_path):
    file = tmp_path / "example.policy"
    file.write_text(EXAMPLE)
    assert read_policy(file) == policy(EXAMPLE)
    file.write_text("quorum nobody")
    with pytest.raises(MalformedInput, match=r"^example\.policy: line 1"):
        read_policy(file)
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            read_policy(path)


NESTED = f"""log {LOG_KEY}
witness w1 {W1}
witness w2 {W2}
witness w3 {W3}
group inner any w2 w3
group outer all w1 inner
quorum outer
"""


@pytest.mark.parametrize(
    ("numbers", "satisfied"), [((1, 2, 3), True), ((1, 3), True), ((1,), False), ((2, 3), False), ((), False)]
)
def test_nested_groups(numbers, satisfied):
    """Cases of TestSatisfied."""
    standing = policy(NESTED).standing(cosigned(*numbers))
    assert standing.satisfied == satisfied
    assert standing.witnesses == tuple(f"w{number}" for number in numbers)
    assert standing.log == LOG_KEY


def test_what_is_missing_is_said():
    assert policy(NESTED).standing(cosigned(1)).missing == (
        "the group outer needs 2 of its 2, and has 1; missing: inner",
        "the group inner needs 1 of its 2, and has 0; missing: w2, w3",
    )
    assert policy(f"log {LOG_KEY}\nwitness w {W6}\nquorum w\n").standing(cosigned(1)).missing == (
        "the witness w did not sign",
    )
    assert policy(f"log {LOG_KEY}\nquorum none\n").standing(cosigned()).satisfied
    stranger = policy(f"log {VerifierKey('example.com/log', SigningKey.from_seed(b'o' * 32).public)}\nquorum none\n")
    assert stranger.standing(cosigned()).missing == (
        "no log of the policy signed this checkpoint of “example.com/log”",
    )


def test_logs_from_elsewhere_count_where_the_policy_names_none():
    bare = policy(f"witness w {W6}\nquorum w\n")
    assert not bare.standing(cosigned(6)).satisfied
    assert bare.standing(cosigned(6), logs=[LOG_KEY]).satisfied
    other = policy(f"log {VerifierKey('other', SigningKey.from_seed(b'o' * 32).public)}\nquorum none\n")
    assert not other.standing(cosigned(), logs=[LOG_KEY]).satisfied


def test_a_log_speaks_for_its_own_origin_only():
    """Case "A checkpoint for a different origin …" of torchwood, policy_test.go."""
    other = Checkpoint("example.com/other", 42, bytes(32))
    forged = Note(other.text, (Cosigner("example.com/log", COSIGNERS[5].key).cosign(other.text, 0),))
    key = Cosigner("example.com/log", COSIGNERS[5].key).verifier
    assert not policy(f"log {key}\nquorum none\n").standing(forged).satisfied


def test_a_log_is_not_its_own_witness():
    itself = Cosigner("witness.example/log", LOG)
    note = Note(SIGNED.text, (*SIGNED.signatures, itself.cosign(SIGNED.text, TIME)))
    standing = policy(f"log {LOG_KEY}\nwitness w {itself.verifier}\nquorum w\n").standing(note)
    assert (standing.satisfied, standing.witnesses) == (False, ())


def test_a_false_signature_of_a_known_witness_is_refused_even_if_the_others_suffice():
    good = cosigned(1, 2)
    late = COSIGNERS[2].cosign("example.com/log\n43\n", TIME)
    with pytest.raises(MalformedInput, match="3 is false"):
        policy(EXAMPLE).standing(Note(good.text, (*good.signatures, late)))


def test_a_proof_is_verified_under_a_policy(log):
    index = log.append([b"entry", b"after"]).indices[0]
    proof = log.prove(index)
    text = f"log {log.verifier_key}\nwitness classic {W1}\nwitness quantum {W6}\ngroup both all classic quantum\n"
    both = policy(text + "quorum both\n")
    witnessed = LogProof(index, proof.hashes, cosigned(1, 6, note=proof.note))
    standing = verify_under(witnessed, leaf_hash(b"entry"), both)
    assert (standing.satisfied, standing.witnesses) == (True, ("classic", "quantum"))
    assert not verify_under(proof, leaf_hash(b"entry"), both).satisfied
    with pytest.raises(MalformedInput, match="do not lead"):
        verify_under(witnessed, leaf_hash(b"another"), both)
    assert verify_under(proof, leaf_hash(b"entry"), policy("quorum none"), logs=[log.verifier_key]).satisfied


@pytest.fixture
def witnessed(sealed, report):
    """The sealed report, its checkpoint cosigned by the witnesses 1 and 6."""
    proof = LogProof(sealed.proof.index, sealed.proof.hashes, cosigned(1, 6, note=sealed.proof.note))
    (report / "assessment.tlog-proof").write_bytes(proof.encode())
    return report


def test_a_report_is_checked_under_a_policy(witnessed, signer, log, now):
    known = Trust(keys=(KnownKey(role="signer", name="S", why="trust_list", vkey=str(local_name(signer.public))),))
    text = f"log {log.verifier_key}\nwitness one {W1}\nwitness six {W6}\nwitness two {W2}\ngroup g 2 one two six\n"
    found = check(witnessed, trusted=known, now=now, policy=policy(text + "quorum g\n"))
    assert found.unchanged
    assert (found.log.policy, found.log.missing, found.log.witnesses) == ("satisfied", (), ("one", "six"))
    assert (found.log.known, found.log.why) == (True, "policy")
    assert not any("no witness" in sentence for sentence in found.not_proven)
    found = check(witnessed, trusted=known, now=now, policy=policy(text + "quorum two\n"))
    assert (found.log.policy, found.log.missing) == ("unsatisfied", ("the witness two did not sign",))
    elsewhere = policy(f"log {VerifierKey('elsewhere', LOG.public)}\nquorum none\n")
    found = check(witnessed, trusted=known, now=now, policy=elsewhere)
    assert (found.log.policy, found.log.known, found.log.included) == ("unsatisfied", False, True)
    found = check(witnessed, trusted=known, now=now)
    assert (found.log.policy, found.log.witnesses, found.log.why) == (None, (), "unknown")


def test_ones_own_witness_is_none_of_ones_own_log(witnessed, log, now):
    def trust(why):
        return Trust(
            keys=(
                KnownKey(role="log", name="log", why=why, vkey=str(log.verifier_key)),
                KnownKey(role="witness", name="mine", why="own", vkey=W1),
                KnownKey(role="witness", name="friend", why="trust_list", vkey=W6),
            )
        )

    assert check(witnessed, trusted=trust("own"), now=now).log.witnesses == ("friend",)
    assert check(witnessed, trusted=trust("trust_list"), now=now).log.witnesses == ("mine", "friend")


def test_the_command_verifies_under_a_policy(witnessed, signer, log, monkeypatch, tmp_path):
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "home"))
    KeyStore().trust(signer.public.pem, name="S")
    file = tmp_path / "p.policy"

    def run(quorum):
        file.write_text(f"log {log.verifier_key}\nwitness one {W1}\nwitness two {W2}\nquorum {quorum}\n")
        words = ["verify", str(witnessed), "--policy", str(file)]
        shown = CliRunner().invoke(cli, words).output
        return shown, json.loads(CliRunner().invoke(cli, [*words, "--json"]).output)

    shown, result = run("one")
    assert "✓ policy: its quorum of witnesses signed" in shown
    assert (result["seal"]["log"]["policy"], result["seal"]["log"]["witnesses"]) == ("satisfied", ["one"])
    shown, result = run("two")
    assert "✗ policy: the witness two did not sign" in shown
    assert result["seal"]["log"]["missing"] == ["the witness two did not sign"]


@pytest.mark.parametrize(
    ("standing", "outcome"), [("satisfied", "proven"), ("unsatisfied", "policy_unsatisfied"), (None, "proven")]
)
def test_an_unsatisfied_policy_is_no_proof(standing, outcome):
    signer = SignerCheck(valid=True, known=True, reason="")
    log = LogCheck(included=True, policy=standing, reason="")
    seal = SealCheck(
        unchanged=True, changes=(), signer=signer, log=log, plan=PlanCheck(reason=""), not_proven=(), assessment=None
    )
    assert Verification(seal, Recomputed(0, 0, 0, (), ())).outcome == outcome


@given(st.binary(max_size=200) | st.text("logwitnesgrupqum anyl123\n\t#", max_size=200).map(str.encode))
@settings(max_examples=300)
def test_rubbish_is_refused_or_is_a_policy(data):
    try:
        found = parse_policy(data)
    except AccordError:
        return
    assert found.quorum == NONE or found.quorum in found.witnesses | found.groups


def reaches(quorum, groups, signed):
    """Whether the quorum is reached, straight from the definition: recursively, counting members."""
    if quorum not in groups:
        return quorum in signed
    count, members = groups[quorum]
    return sum(reaches(member, groups, signed) for member in members) >= count


@pytest.mark.parametrize("seed", range(20))
def test_random_policies_agree_with_the_definition_for_every_set_of_witnesses(seed):
    chance = random.Random(seed)
    free, groups, lines = [f"w{i}" for i in range(1, 6)], {}, [f"log {LOG_KEY}"]
    lines += [f"witness w{i} {KEYS[i - 1]}" for i in range(1, 6)]
    while len(free) > 1:
        members = chance.sample(free, chance.randint(1, min(3, len(free))))
        name, count = f"g{len(groups)}", chance.randint(1, len(members))
        if len(members) == 1 and len(groups) > 6:
            break
        groups[name] = (count, members)
        word = "any" if count == 1 and chance.random() < 0.5 else "all" if count == len(members) else str(count)
        lines.append(f"group {name} {word} {' '.join(members)}")
        free = [item for item in free if item not in members] + [name]
    found = policy("\n".join([*lines, f"quorum {free[-1]}"]))
    signatures = [cosigner.cosign(SIGNED.text, TIME) for cosigner in COSIGNERS[:5]]
    for chosen in itertools.product((False, True), repeat=5):
        signed = {f"w{i + 1}" for i in range(5) if chosen[i]}
        lines = [line for line, take in zip(signatures, chosen, strict=True) if take]
        standing = found.standing(Note(SIGNED.text, (*SIGNED.signatures, *lines)))
        assert standing.satisfied == reaches(free[-1], groups, signed)
        assert set(standing.witnesses) == signed
