"""A witness, against the cases of transparency-dev/witness (witness_test.go, http_test.go) and of FiloSottile/torchwood
(internal/witness/witness_test.go), and against histories of its own: forks, races, crashes."""

import base64
import hashlib
import importlib.util
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accord.errors import AccordError, MalformedInput, Unavailable
from accord.trust import tree
from accord.trust.checkpoint import Checkpoint, parse_checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.mldsa import MldsaSigningKey
from accord.trust.note import Cosigner, Note, NoteSignature, VerifierKey, parse_note, sign_note, verify_note
from accord.trust.submission import Submission, latest_size, merge_cosignatures, parse_submission
from accord.trust.witness import FolderState, add_checkpoint, origin_hash

NOW = 1_700_000_000
COSIGNERS = (
    Cosigner("witness.example/w", SigningKey.from_seed(b"w" * 32)),
    Cosigner("witness.example/w", MldsaSigningKey.from_seed(b"q" * 32)),
)
KEYS = tuple(cosigner.verifier for cosigner in COSIGNERS)

# Facts of transparency-dev/witness, witness_test.go: two logs' keys, two checkpoints of one, the proof between them.
MONKEYS = VerifierKey.parse("monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT")
MONKEYS_SECRET = "ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6"
BANANAS_SECRET = "AdjzytHoXdvn+1vG2UXXqFR3LZ+kvnmQZFretRaKfTIu"
INIT = (
    "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n— monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ"
    "/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n"
).encode()
NEXT = (
    "monkeys\n8\nV8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=\n\n— monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQV"
    "QMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=\n"
).encode()
ROOT_5 = bytes.fromhex("e35b268c1522014ef412d2a54fa94838862d453631617b0307e5c77dcbeefc11")
PROOF = tuple(
    map(
        bytes.fromhex,
        (
            "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
            "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
            "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
            "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
        ),
    )
)


def secret(text):
    """A private key as golang.org/x/mod/sumdb/note writes it."""
    return SigningKey.from_seed(base64.b64decode(text)[1:])


def signed(size, root, origin="monkeys", key=MONKEYS_SECRET):
    return Checkpoint(origin, size, root).sign(secret(key)).encode()


def body(old, note, proof=()):
    return Submission(old, tuple(proof), parse_note(note)).encode()


@pytest.fixture
def state(tmp_path):
    return FolderState(tmp_path / "witness")


@pytest.fixture
def ask(state):
    return lambda body: add_checkpoint(body, {"monkeys": [MONKEYS]}, state, COSIGNERS, NOW)


def test_the_facts_from_elsewhere_are_what_they_say():
    assert verify_note(parse_note(INIT), [MONKEYS]) == verify_note(parse_note(NEXT), [MONKEYS]) == (MONKEYS,)
    assert signed(5, ROOT_5) == INIT
    assert origin_hash("monkeys") == hashlib.sha256(b"monkeys").hexdigest()


CASES = {
    "vanilla consistency happy path": (signed(5, ROOT_5), 5, NEXT, PROOF, 200),
    "valid zero size hash": (signed(0, tree.EMPTY_ROOT), 0, signed(0, tree.EMPTY_ROOT), (), 200),
    "invalid zero size hash": (signed(0, tree.EMPTY_ROOT), 0, signed(0, ROOT_5), (), 422),
    "oldSize doesn't match current state": (signed(5, ROOT_5), 2, NEXT, (), 409),
    "from tree size 0 with proof": (signed(0, tree.EMPTY_ROOT), 0, signed(5, ROOT_5), PROOF, 422),
    "from tree size 0 without proof": (signed(0, tree.EMPTY_ROOT), 0, signed(5, ROOT_5), (), 200),
    "vanilla resubmit known CP": (signed(5, ROOT_5), 5, signed(5, ROOT_5), (), 200),
    "resubmit known CP with changed root": (signed(5, ROOT_5), 5, signed(5, b"\xff" * 7 + ROOT_5[7:]), (), 422),
    "missing proof": (signed(4, ROOT_5), 4, signed(5, ROOT_5), (), 422),
    "submit smaller checkpoint": (NEXT, 8, INIT, PROOF, 400),
    "vanilla consistency garbage proof": (INIT, 5, NEXT, [hash * 16 for hash in (b"\xaa\xaa", b"\xbb\xbb")], 422),
    # Ours.
    "a proof of nothing": (INIT, 5, INIT, PROOF[:1], 422),
    "smaller, from where the client is": (NEXT, 5, INIT, (), 409),
    "never seen, but not from zero": (None, 5, NEXT, PROOF, 409),
    "never seen, from zero": (None, 0, NEXT, (), 200),
    "never seen, from zero with a proof": (None, 0, NEXT, PROOF, 422),
    "shortened proof": (INIT, 5, NEXT, PROOF[:-1], 422),
    "swapped proof": (INIT, 5, NEXT, PROOF[::-1], 422),
}


@pytest.mark.parametrize(("first", "old", "note", "proof", "status"), CASES.values(), ids=CASES)
def test_the_status_of_an_update(state, ask, first, old, note, proof, status):
    """Cases of TestUpdate, with the codes of handleUpdate."""
    if first:
        assert ask(body(0, first)).status == 200
    before = state.latest("monkeys")
    answer = ask(body(old, note, proof))
    assert answer.status == status
    text = parse_note(note).text
    if status == 200:
        lines = Note(text, parse_note(text.encode() + b"\n" + answer.body).signatures)
        assert verify_note(lines, KEYS) == KEYS
        assert {line.seconds for line in lines.signatures} == {NOW}
        stored = parse_note(state.latest("monkeys"))
        assert (stored.text, verify_note(stored, [MONKEYS, *KEYS])) == (text, (MONKEYS, *KEYS))
    else:
        assert "—".encode() not in answer.body
        assert state.latest("monkeys") == before
    if status == 409:
        held = parse_checkpoint(parse_note(before)).size if before else 0
        assert (answer.content_type, answer.body) == ("text/x.tlog.size", b"%d\n" % held)
        assert latest_size(answer.body) == held
    else:
        assert answer.content_type == "text/plain; charset=utf-8"


def test_two_signed_roots_for_one_size_are_handed_out_as_evidence(ask):
    ask(body(0, INIT))
    other = signed(5, b"\xff" * 32)
    assert ask(body(5, other)).fork == parse_note(other)
    assert (ask(body(0, other)).status, ask(body(0, other)).fork) == (409, parse_note(other))
    assert ask(body(0, INIT)).fork is None
    assert ask(body(5, NEXT, PROOF[::-1])).fork is None
    assert ask(body(5, INIT)).fork is None


CORRUPT = Note(parse_note(INIT).text, (NoteSignature("monkeys", MONKEYS.key_id, b"x" * 64),)).encode()
HEAD = b"monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n"
SIGNATURES = {
    "valid signature is accepted": (INIT, 200),
    "signature from trusted key doesn't verify": (CORRUPT, 403),
    "signed only by an untrusted key": (signed(5, ROOT_5, key=BANANAS_SECRET), 403),
    "unsigned checkpoint": (HEAD, 400),
    "not a note": (b"monkeys\nthis is not a checkpoint\n", 400),
    "no newline": (b"monkeys", 400),
    "well signed but unparseable body": (
        sign_note("monkeys\nnot-a-size\nnot-a-hash\n", "monkeys", secret(MONKEYS_SECRET)).encode(),
        400,
    ),
    "unknown origin": (signed(5, ROOT_5, "bananas", BANANAS_SECRET), 404),
    # Ours.
    "another log's name, our log's key": (signed(5, ROOT_5, "bananas"), 404),
    "larger than any log": (signed(2**63, ROOT_5), 400),
    "a stranger signed as well": (INIT + str(NoteSignature("x", b"1234", b"y" * 64)).encode(), 200),
    "extension lines, which ML-DSA-44 does not cover": (
        sign_note(HEAD.decode() + "extension\n", "monkeys", secret(MONKEYS_SECRET)).encode(),
        400,
    ),
}


@pytest.mark.parametrize(("note", "status"), SIGNATURES.values(), ids=SIGNATURES)
def test_who_has_to_sign(ask, state, note, status):
    """Cases of TestUpdateSignatureVerification and TestHandlerAgainstRealWitness."""
    assert ask(b"old 0\n\n" + note).status == status
    kept = state.latest("monkeys")
    assert (kept is not None) == (status == 200)
    assert kept is None or [line.name for line in parse_note(kept).signatures] == ["monkeys", *(k.name for k in KEYS)]


def test_a_key_that_signs_twice_is_kept_once(ask, state):
    """Only the first signature of a key is judged; the second may be anything."""
    twice = INIT + str(NoteSignature("monkeys", MONKEYS.key_id, b"x" * 64)).encode()
    assert ask(b"old 0\n\n" + twice).status == 200
    assert verify_note(parse_note(state.latest("monkeys")), [MONKEYS, *KEYS]) == (MONKEYS, *KEYS)
    assert len(parse_note(state.latest("monkeys")).signatures) == 3


def test_a_log_may_have_two_keys_and_one_of_mldsa(state):
    fresh = Cosigner("monkeys", MldsaSigningKey.from_seed(b"m" * 32))
    text = Checkpoint("monkeys", 5, ROOT_5).text
    logs = {"monkeys": [MONKEYS, fresh.verifier]}
    note = Note(text, (fresh.cosign(text, 0),))
    assert add_checkpoint(body(0, note.encode()), logs, state, COSIGNERS, NOW).status == 200
    assert add_checkpoint(body(5, INIT), logs, state, COSIGNERS, NOW).status == 200


@pytest.mark.parametrize(
    ("name", "known", "old", "new", "root", "proof", "status"),
    [
        ("empty tree", 0, 0, 0, "empty", 0, 200),
        ("invalid empty root", 0, 0, 0, "leaf", 0, 422),
        ("zero empty root", 0, 0, 0, "zero", 0, 422),
        ("empty tree with proof", 0, 0, 0, "empty", 1, 422),
        ("first nonempty tree", 0, 0, 1, "leaf", 0, 200),
        ("first nonempty tree with proof", 0, 0, 1, "leaf", 1, 422),
        ("old size mismatch", 1, 0, 1, "leaf", 1, 409),
        ("old size greater than new", 1, 1, 0, "empty", 0, 400),
    ],
)
def test_logs_of_size_zero(ask, name, known, old, new, root, proof, status):
    """Cases of torchwood's TestZeroSize, each sent twice as there."""
    roots = {"empty": tree.EMPTY_ROOT, "leaf": tree.leaf_hash(b"leaf"), "zero": bytes(32)}
    assert ask(body(0, signed(known, roots["leaf" if known else "empty"]))).status == 200
    note = signed(new, roots[root])
    assert ask(body(old, note, [roots["leaf"]] * proof)).status == status
    again = body(new, note) if status == 200 else body(old, note, [roots["leaf"]] * proof)
    assert ask(again).status == status


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", INIT, b"old 10\n" + INIT, b"10 stuff\nabc=\ndef=\n\n" + INIT, b"10\nZ043\n423ed\n" + INIT,
     b"old 10\nabc=\ndef=\n\n" + INIT, b"old\n\n" + INIT, b"old 00\n\n" + INIT, b"old -1\n\n" + INIT,
     b"old +1\n\n" + INIT, b"old 1 \n\n" + INIT, b"old 0\r\n\r\n" + INIT, b"Old 0\n\n" + INIT, b" old 0\n\n" + INIT,
     b"old " + b"9" * 5000 + b"\n\n" + INIT, b"old \xc2\xb2\n\n" + INIT, b"old 0\n\n\n" + INIT,
     b"old 5\n" + b"A" * 43 + b"\n\n" + NEXT, b"old 5\n" + b"A" * 42 + b"B=\n\n" + NEXT, b"old 0\n\n" + INIT[:-1],
     b"old 0\n" + (b"KgE" + b"A" * 40 + b"=\n") * 64 + b"\n" + INIT],
)  # fmt: skip
def test_malformed_requests_are_refused(ask, data):
    """Cases of TestParseBody and of torchwood's TestTooManyProofs, and ours; the log is known, the note is good."""
    assert ask(data).status == 400


def test_requests_have_a_limit(ask):
    assert ask(b"old 0\n\n" + INIT + b"x" * 200_000).status == 413
    many = Note(parse_note(INIT).text, (*parse_note(INIT).signatures, *[NoteSignature("x", b"1234", b"y")] * 100))
    assert ask(b"old 0\n\n" + many.encode()).status == 413


# One witness, many requests, every order.

HISTORIES = [[b"entry %d" % i if i < fork else b"fork %d of %d" % (i, fork) for i in range(9)] for fork in (9, 0, 3, 5)]
LOG = SigningKey.from_seed(b"l" * 32)
LOGS = {"example.com/log": [VerifierKey("example.com/log", LOG.public)]}
LEAVES = [[tree.leaf_hash(entry) for entry in history] for history in HISTORIES]
ROOTS = [[tree.root_hash(leaves[:size]) for size in range(10)] for leaves in LEAVES]


def checkpoint(history, size):
    return Checkpoint("example.com/log", size, ROOTS[history][size]).sign(LOG)


def proof(history, old, size):
    leaves = LEAVES[history]
    return tree.consistency_proof(old, size, lambda low, high: tree.root_hash(leaves[low:high])) if old else []


def submission(history, old, size):
    return Submission(old, tuple(proof(history, min(old, size), size)), checkpoint(history, size)).encode()


def heads(data):
    """What was cosigned, as (size, root), in a note or in nothing."""
    if data is None:
        return set()
    found = parse_checkpoint(parse_note(data))
    return {(found.size, found.root)}


def assert_one_history(cosigned):
    """All that was cosigned lies on one of the histories: one root for a size, each the prefix of the next."""
    assert any(all(ROOTS[h][size] == root for size, root in cosigned) for h in range(len(HISTORIES))), cosigned


class Memory:
    """A state in memory that, when told so, fails before or after it stored, or lets another request go first."""

    def __init__(self):
        self.note = None
        self.fault = None
        self.first = None

    def latest(self, origin):
        return self.note

    def compare_and_store(self, origin, old_size, old_root, note):
        if self.first:
            go, self.first = self.first, None
            go()
        if self.fault == "before":
            raise Unavailable("disk", "the disk is full", "")
        found = next(iter(heads(self.note)), (0, None))
        if found != (old_size, old_root):
            return False
        self.note = note
        if self.fault == "after":
            raise Unavailable("crash", "it stopped here", "")
        return True


class OneWitness(RuleBasedStateMachine):
    """Requests of every kind in every order, two at a time, with faults, against one witness."""

    @initialize()
    def start(self):
        self.state = Memory()
        self.cosigned = set()

    def ask(self, data):
        try:
            answer = add_checkpoint(data, LOGS, self.state, COSIGNERS[:1], NOW)
        except Unavailable:
            return None
        if answer.status == 200:
            asked = parse_submission(data).note
            verify_note(merge_cosignatures(asked, answer.body, KEYS), KEYS)
            self.cosigned |= heads(asked.encode())
        return answer

    requests = st.builds(submission, st.integers(0, 3), st.integers(0, 9), st.integers(0, 9))

    @rule(data=requests)
    def request(self, data):
        self.ask(data)

    @rule(history=st.integers(0, 3), size=st.integers(0, 9))
    def follow(self, history, size):
        """Ask from where the witness is, as a client does that was told so."""
        held = max(heads(self.state.note), default=(0, b""))[0]
        self.ask(submission(history, held, size))

    @rule(history=st.integers(0, 3), other=st.integers(0, 3), size=st.integers(0, 9), second=st.integers(0, 9))
    def race(self, history, other, size, second):
        """A request is checked, and before it is stored another one comes and goes."""
        held = max(heads(self.state.note), default=(0, b""))[0]
        self.state.first = lambda: self.ask(submission(other, held, second))
        self.ask(submission(history, held, size))
        self.state.first = None

    @rule(data=requests, fault=st.sampled_from(["before", "after"]))
    def crash(self, data, fault):
        self.state.fault = fault
        self.ask(data)
        self.state.fault = None

    @invariant()
    def one_history(self):
        if hasattr(self, "cosigned"):
            self.cosigned |= heads(self.state.note)
            assert_one_history(self.cosigned)


def test_no_order_of_requests_makes_it_cosign_two_histories():
    run_state_machine_as_test(OneWitness, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))


class Forgetful(Memory):
    """A state that stores without comparing."""

    def compare_and_store(self, origin, old_size, old_root, note):
        if self.first:
            go, self.first = self.first, None
            go()
        self.note = note
        return True


def test_a_state_that_does_not_compare_is_noticed_by_this_test(monkeypatch):
    monkeypatch.setitem(globals(), "Memory", Forgetful)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            OneWitness,
            settings=settings(
                max_examples=300, stateful_step_count=25, deadline=None, database=None, phases=[Phase.generate]
            ),
        )


def test_the_race_of_the_specification_rolls_nothing_back():
    """c2sp.org/tlog-witness: A (to size N) is checked, B (to N + K) is checked and stored, then A is stored."""
    state, answers = Memory(), []
    assert add_checkpoint(submission(0, 0, 1), LOGS, state, COSIGNERS, NOW).status == 200
    state.first = lambda: answers.append(add_checkpoint(submission(0, 1, 5), LOGS, state, COSIGNERS, NOW))
    late = add_checkpoint(submission(0, 1, 3), LOGS, state, COSIGNERS, NOW)
    assert [item.status for item in answers] == [200]
    assert (late.status, late.body) == (409, b"5\n")
    assert heads(state.note) == {(5, ROOTS[0][5])}


def test_many_at_once_on_one_folder(tmp_path):
    cosigned, guard = set(), threading.Lock()

    def one(number):
        chance = random.Random(number)
        state = FolderState(tmp_path / "w")
        for _ in range(15):
            held = max(heads(state.latest("example.com/log")), default=(0, b""))[0]
            size = chance.randint(held, min(held + 1, 9))
            data = submission(chance.randrange(4), held, size)
            if add_checkpoint(data, LOGS, state, COSIGNERS[:1], NOW).status == 200:
                with guard:
                    cosigned.update(heads(parse_submission(data).note.encode()))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(6)))
    assert_one_history(cosigned)
    assert max(cosigned)[0] >= 3


# The folder.


def test_the_latest_checkpoint_is_where_monitors_look_for_it(ask, state):
    assert state.latest("monkeys") is None
    ask(body(0, INIT))
    path = state.folder / hashlib.sha256(b"monkeys").hexdigest() / "checkpoint"
    assert path.read_bytes() == state.latest("monkeys")
    assert [item.name for item in path.parent.iterdir()] == ["checkpoint"]
    assert state.latest("bananas") is None
    assert len(list(state.folder.iterdir())) == 2, "asking after a log leaves no trace"


def test_a_damaged_or_unwritable_state_is_said(ask, state, tmp_path):
    ask(body(0, INIT))
    (state.folder / origin_hash("monkeys") / "checkpoint").write_bytes(b"rubbish")
    with pytest.raises(MalformedInput, match="latest checkpoint"):
        ask(body(5, NEXT, PROOF))
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="can't be written"):
        FolderState(tmp_path / "file" / "w").latest("monkeys")


def power_cuts():
    """The disk of test_log_crashes.py, which loses what was not flushed."""
    path = Path(__file__).with_name("test_log_crashes.py")
    spec = importlib.util.spec_from_file_location("power_cuts", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CUTS = power_cuts()


def live_through_power_cuts(seed, disk_type=CUTS.Disk):
    """Cosign until the power goes, again and again; what was ever answered or could be read must lie on one history."""
    chance = random.Random(seed)
    disk, cosigned, cuts = disk_type(chance), set(), 0
    folder = Path("/data/witness")
    while cuts < 6:
        disk.budget = chance.choice([chance.randrange(12), chance.randrange(60)])
        try:
            while True:
                state = FolderState(folder, disk)
                held = max(heads(state.latest("example.com/log")), default=(0, b""))[0]
                data = submission(chance.randrange(4), held, chance.randint(held, min(held + 2, 9)))
                if add_checkpoint(data, LOGS, state, COSIGNERS[:1], NOW).status == 200:
                    cosigned |= heads(parse_submission(data).note.encode())
        except CUTS.PowerCut:
            cuts += 1
        cosigned |= heads(disk.read(folder / origin_hash("example.com/log") / "checkpoint", 10_000))
        if chance.random() < 0.7:
            disk.cut_power()  # Otherwise only the process was killed: the disk's memory lives on.
        disk.budget = None
        after = heads(FolderState(folder, disk).latest("example.com/log"))
        assert max(cosigned, default=(0, b""))[0] <= max(after, default=(0, b""))[0], "what was cosigned is forgotten"
        cosigned |= after
        assert_one_history(cosigned)


@pytest.mark.parametrize("block", range(4))
def test_no_crash_between_storing_and_answering_makes_it_cosign_two_histories(block):
    for seed in range(block * 25, block * 25 + 25):
        live_through_power_cuts(seed)


@pytest.mark.soak
def test_the_same_for_many_more_crashes():
    for seed in range(1_000, 4_000):
        live_through_power_cuts(seed)


@pytest.mark.parametrize("broken", [CUTS.FlushesNoFile, CUTS.FlushesNoFolder, CUTS.RenamesInTwoSteps])
def test_a_disk_that_lies_is_noticed_by_these_tests(broken):
    with pytest.raises((AssertionError, AccordError, AttributeError)):
        for seed in range(80):
            live_through_power_cuts(seed, broken)


class ShowsAtOnce(FolderState):
    """The folder without its provisional name."""

    def _publish(self, place):
        self._files.rename(place / "checkpoint.pending", place / "checkpoint")
        self._files.flush_folder(place)


def test_the_provisional_name_is_needed(monkeypatch):
    monkeypatch.setitem(globals(), "FolderState", ShowsAtOnce)
    with pytest.raises(AssertionError):
        for seed in range(300):
            live_through_power_cuts(seed)
