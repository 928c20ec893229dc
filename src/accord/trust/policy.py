"""Which logs and which witnesses have to stand behind a checkpoint (c2sp.org/tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...
    quorum <name>|none

Names are octets without meaning elsewhere; they are kept as text with undecodable bytes escaped (PEP 383).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import AccordError, LimitExceeded, MalformedInput, UsageError
from ..i18n import _
from .checkpoint import parse_checkpoint
from .folder import read_regular, shown
from .note import LOG_KINDS, WITNESS_KINDS, Note, VerifierKey, signers_of
from .proof import LogProof, require_included

MAX_POLICY_BYTES = 1024 * 1024
MAX_ENTRIES = 1_000
NONE = "none"
_MAX_NAMED = 20
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_COUNT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True)
class Party:
    """A log or a witness: its key, and where it is reached ("" if the policy does not say)."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Witnesses and groups of which `threshold` have to stand behind a checkpoint."""

    members: tuple[str, ...]
    threshold: int


@dataclass(frozen=True)
class Standing:
    """What stands behind a checkpoint: the log that signed it, the witnesses that count (by name), what is missing."""

    log: VerifierKey | None
    witnesses: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def satisfied(self) -> bool:
        """Whether the policy accepts the checkpoint."""
        return not self.missing


@dataclass(frozen=True)
class Policy:
    """Logs, witnesses and groups by name (members before the groups they are in), and the name of the quorum."""

    logs: tuple[Party, ...] = ()
    witnesses: dict[str, Party] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    def standing(self, note: Note, *, logs: Iterable[VerifierKey] = (), name: str = "checkpoint") -> Standing:
        """Say whether a log of the policy signed the checkpoint `note`, and whether its witnesses are a quorum.

        `logs` are those to accept if the policy names none. A log is no witness of its own. Raises MalformedInput
        that begins with `name` if a signature that claims a known key is false, or if the note is no checkpoint.
        """
        origin = parse_checkpoint(note, name=name).origin
        named = {party.key: shown(label) for label, party in self.witnesses.items()}
        logs = [party.key for party in self.logs] or list(logs)
        signed = signers_of(note, [*logs, *named], name=name)
        log = next((key for key in signed if key in logs and key.name == origin), None)
        reached = {label for label, party in self.witnesses.items() if party.key in signed and not _is(log, party.key)}
        counted = tuple(named[key] for key in signed if key in named and not _is(log, key))
        for label, group in self.groups.items():
            if len(reached.intersection(group.members)) >= group.threshold:
                reached.add(label)
        missing = tuple(self._missing(reached))
        if log is None:
            missing = (_("no log of the policy signed this checkpoint of “{origin}”").format(origin=origin), *missing)
        return Standing(log, counted, missing)

    def _missing(self, reached: set[str]) -> list[str]:
        """Say what the quorum lacks: each group in it that is not reached, the outermost first."""
        sentences, waiting = [], [self.quorum] if self.quorum != NONE else []
        while waiting:
            label = waiting.pop(0)
            if label in reached:
                continue
            if label in self.witnesses:
                if label == self.quorum:
                    sentences.append(_("the witness {name} did not sign").format(name=shown(label)))
                continue
            group = self.groups[label]
            waiting.extend(group.members)
            absent = [member for member in group.members if member not in reached]
            text = _("the group {name} needs {k} of its {n}, and has {found}; missing: {absent}")
            sentences.append(
                text.format(
                    name=shown(label),
                    k=group.threshold,
                    n=len(group.members),
                    found=len(group.members) - len(absent),
                    absent=", ".join(map(shown, absent)),
                )
            )
        return sentences


def verify_under(
    proof: LogProof, leaf: bytes, policy: Policy, *, logs: Iterable[VerifierKey] = (), name: str = "proof"
) -> Standing:
    """Return what stands behind the checkpoint of `proof`, and if a log does, prove the leaf hash `leaf` to be in it.

    The proof holds under the policy if the standing is `satisfied`. `logs` are those to accept if the policy names
    none. Raises MalformedInput if a known signature is false, or if the hashes do not lead from the leaf to the root.
    """
    standing = policy.standing(proof.note, logs=logs, name=f"{name}: checkpoint")
    if standing.log:
        require_included(proof, leaf, standing.log, name=name)
    return standing


def read_policy(path: Path) -> Policy:
    """Read the policy in a file. Raises UsageError if it can't be read, and as `parse_policy` does."""
    try:
        data = read_regular(path, MAX_POLICY_BYTES)
    except OSError as error:
        text = f"{shown(path.name)}: {error.strerror or 'not a regular file'}"
        raise UsageError("no-policy", text, "Name a file that you may read.") from None
    return parse_policy(data, name=shown(path.name))


def parse_policy(data: bytes, *, name: str = "policy") -> Policy:
    """Read a policy. Raises MalformedInput that begins with `name` and lists the mistakes by line, or LimitExceeded."""
    if len(data) > MAX_POLICY_BYTES:
        raise LimitExceeded("policy-too-large", f"{name}: {len(data)} bytes", f"At most {MAX_POLICY_BYTES} are read.")
    reader, mistakes = _Reader(), []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            reader.read(line)
        except AccordError as error:
            mistakes.append(f"line {number}: {error.message}")
            if len(mistakes) == _MAX_NAMED:
                break
    else:
        if reader.quorums != 1:
            mistakes.append(f"a policy has one quorum line, this one {reader.quorums}")
    if mistakes:
        text = f"{name}: {'; '.join(mistakes)}"
        raise MalformedInput("malformed-policy", text, "Correct these lines (c2sp.org/tlog-policy).")
    return reader.policy


class _Reader:
    """What was read so far. A name whose line has a mistake counts as known, so that its users are not mistakes too."""

    def __init__(self) -> None:
        self.policy = Policy()
        self.quorums = 0
        self._names: set[str] = set()
        self._members: set[str] = set()
        self._keys: set[tuple[str, bytes]] = set()

    def read(self, line: bytes) -> None:
        """Take one line. Raises AccordError for its first mistake."""
        words = [word.decode("utf-8", "surrogateescape") for word in line.split()]
        self.quorums += words[:1] == ["quorum"]
        if found := _FORBIDDEN.search(line):
            raise _mistake(f"the octet 0x{found[0][0]:02x} is not allowed")
        if not words or words[0].startswith("#"):
            return
        reading: dict[str, Callable[[list[str]], Policy]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        if words[0] not in reading:
            raise _mistake(f"it begins with {shown(words[0][:40])}, not with log, witness, group or quorum")
        self.policy = reading[words[0]](words[1:])

    def _log(self, words: list[str]) -> Policy:
        if not 1 <= len(words) <= 2:
            raise _mistake("a log line reads: log <vkey> [<url>]")
        party = self._party("log", LOG_KINDS, *words)
        return replace(self.policy, logs=(*self.policy.logs, party))

    def _witness(self, words: list[str]) -> Policy:
        if words:
            self._take_name(words[0])
        if not 2 <= len(words) <= 3:
            raise _mistake("a witness line reads: witness <name> <vkey> [<url>]")
        party = self._party("witness", WITNESS_KINDS, *words[1:])
        return replace(self.policy, witnesses=self.policy.witnesses | {words[0]: party})

    def _group(self, words: list[str]) -> Policy:
        known = set(self._names)
        if words:
            self._take_name(words[0])
        if len(words) < 3:
            raise _mistake("a group line reads: group <name> all|any|<k> <name>...")
        name, count, *members = words
        for member in members:
            if member not in known:
                raise _mistake(f"no line above defines {shown(member[:40])}")
            if member in self._members:
                raise _mistake(f"{shown(member[:40])} is a member already: a name is one of one group")
            self._members.add(member)
        threshold = {"all": len(members), "any": 1}.get(count) or (int(count) if _COUNT.fullmatch(count) else 0)
        if not 1 <= threshold <= len(members):
            raise _mistake(f"{shown(count[:40])} is not all, any or a number from 1 to {len(members)}")
        return replace(self.policy, groups=self.policy.groups | {name: Group(tuple(members), threshold)})

    def _quorum(self, words: list[str]) -> Policy:
        if len(words) != 1:
            raise _mistake("a quorum line reads: quorum <name>")
        if words[0] not in self._names | {NONE}:
            raise _mistake(f"no line above defines {shown(words[0][:40])}")
        return replace(self.policy, quorum=words[0])

    def _take_name(self, name: str) -> None:
        if name == NONE or name in self._names:
            raise _mistake(f"the name {shown(name[:40])} is taken")
        if len(self._names) >= MAX_ENTRIES:
            raise _mistake(f"more than {MAX_ENTRIES} witnesses and groups")
        self._names.add(name)

    def _party(self, role: str, kinds: tuple[int, ...], vkey: str, url: str = "") -> Party:
        key = VerifierKey.parse(vkey)
        if key.kind not in kinds:
            raise _mistake(f"a key of kind {key.kind:#04x} is none of a {role}")
        if (role, key.key.raw) in self._keys:
            raise _mistake(f"the same {role} key is on a line above")
        if len(self._keys) >= 2 * MAX_ENTRIES:
            raise _mistake(f"more than {MAX_ENTRIES} logs")
        self._keys.add((role, key.key.raw))
        return Party(key, url)


def _mistake(message: str) -> MalformedInput:
    return MalformedInput("malformed-policy", message, "Correct the line.")


def _is(log: VerifierKey | None, witness: VerifierKey) -> bool:
    return log is not None and log.key == witness.key
