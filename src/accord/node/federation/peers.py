"""The nodes that this one follows, as its operator keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import Struct

from ...errors import MalformedInput, Unavailable, UsageError
from ...records import from_json
from ...store import Store, Transaction
from ...trust.ed25519 import PublicKey
from ...trust.encoding import b64decode
from ...trust.note import VerifierKey
from ...trust.statement import format_time
from .fetching import Answer, fetch, split

FOLLOWING, PAUSED, ISOLATED = "following", "paused", "isolated"
_COLUMNS = (
    "origin, url, name, jurisdiction, key, log_key, private, state, reason, added, fetched, asked, reached, failures,"
    " error, witness"
)
_ABOUT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """A node that is followed. `fetched` and `asked` count entries; `reached` is when it last answered."""

    origin: str
    url: str
    name: str
    jurisdiction: str
    key: str
    log_key: str
    private: int
    state: str
    reason: str
    added: str
    fetched: int
    asked: int
    reached: str
    failures: int
    error: str
    witness: str

    @property
    def speaker(self) -> PublicKey:
        """The key that signs what the node says."""
        return PublicKey(b64decode(self.key, "peer key"))

    @property
    def verifier(self) -> VerifierKey:
        """The key of its log."""
        return VerifierKey.parse(self.log_key)

    def get(self, path: str, *, most: int, seconds: float = 30.0, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a path of this node, as a visitor if it does not know us. Raises Unavailable but for 200 and 404."""
        answer = fetch(
            self.url.rstrip("/") + path, private=bool(self.private), most=most, seconds=seconds, headers=headers
        )
        if answer.status == 401 and headers:
            return self.get(path, most=most, seconds=seconds)
        if answer.status not in (200, 404):
            raise Unavailable("peer-refuses", f"{self.url} answers {answer.status} to {path[:80]}", "Ask its operator.")
        return answer


class _About(Struct, frozen=True):
    name: str
    jurisdiction: str
    origin: str
    key: str
    log_key: str
    witness_keys: tuple[str, ...] = ()


def meet(url: str, *, private: bool) -> Peer:
    """Ask a node who it is. Its keys are its own word: compare them with what its operator told you another way."""
    split(url)
    answer = fetch(url.rstrip("/") + "/api/v1/node", private=private, most=_ABOUT_BYTES, seconds=15)
    if answer.status != 200:
        raise Unavailable("not-a-node", f"{url} answers {answer.status}", "Give the address of an Accord node.")
    about = from_json(answer.body, _About, name=f"{url}/api/v1/node")
    witness = " ".join(str(VerifierKey.parse(key)) for key in about.witness_keys[:8])
    peer = Peer(
        about.origin, url, about.name[:200], about.jurisdiction[:16], about.key, about.log_key, int(private), FOLLOWING,
        "", format_time(datetime.now(UTC)), 0, 0, "", 0, "", witness,
    )  # fmt: skip
    if peer.verifier.name != about.origin or not peer.speaker.keyid:
        raise MalformedInput("bad-node", f"{url}: its log key is not that of its origin", "Ask its operator.")
    return peer


def add(store: Store, peer: Peer, own_origin: str) -> None:
    """Follow a node from now on. Raises UsageError for oneself, or if another key was pinned for its log before."""
    if peer.origin == own_origin:
        raise UsageError("own-node", "this is the node itself", "Give the address of another node.")
    with store.writing() as transaction:
        known = find(transaction, peer.origin)
        if known and (known.key, known.log_key) != (peer.key, peer.log_key):
            raise UsageError(
                "other-keys",
                f"{peer.origin} was followed with other keys before",
                "If its operator confirms the new keys, remove the peer, then add it again.",
            )
        if known:
            transaction.run(
                "UPDATE peers SET url = ?, private = ?, witness = ?, state = ?, reason = '', failures = 0"
                " WHERE origin = ? AND state <> ?",
                peer.url, peer.private, peer.witness, FOLLOWING, peer.origin, ISOLATED,
            )  # fmt: skip
            return
        transaction.run(
            f"INSERT INTO peers ({_COLUMNS}) VALUES ({', '.join('?' * 16)})",
            *(getattr(peer, name) for name in _COLUMNS.split(", ")),
        )


def find(transaction: Transaction, origin: str) -> Peer | None:
    """Return a peer by the origin of its log."""
    row = transaction.one(f"SELECT {_COLUMNS} FROM peers WHERE origin = ?", origin)
    return Peer(*row) if row else None


def peers(transaction: Transaction) -> list[Peer]:
    """Return all peers, by origin."""
    return [Peer(*row) for row in transaction.rows(f"SELECT {_COLUMNS} FROM peers ORDER BY origin")]


def set_state(transaction: Transaction, origin: str, state: str, reason: str) -> None:
    """Follow, pause or isolate a peer."""
    transaction.run("UPDATE peers SET state = ?, reason = ? WHERE origin = ?", state, reason[:1000], origin)


def remove(store: Store, origin: str) -> None:
    """Follow a node no more. What it said before stays here. Raises UsageError if it was not followed."""
    with store.writing() as transaction:
        if not transaction.run("DELETE FROM peers WHERE origin = ?", origin):
            raise UsageError("no-such-peer", f"{origin!r} is not followed", "`accord peers list` names all.")
