"""A node, opened: its settings, keys, store, log and intake. Handlers, pages and workers are given this one object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from ..commons import set_up
from ..errors import MalformedInput, UsageError
from ..records.measurement import Record
from ..records.said import Level
from ..store import open_store
from ..store.log import StoredLog, halt, head_of
from ..trust import KeyStore, VerifierKey
from ..trust.checkpoint import Checkpoint
from ..trust.ed25519 import SigningKey
from ..trust.keys import LOG, local_name
from ..trust.note import ED25519, Note, verify_note
from ..trust.saying import say
from ..trust.statement import Named
from .config import NodeConfig, read_config, write_config
from .hearing import Hearing
from .intake import Intake, Receipt

SPEAKER = "node"
DATABASE = "node.sqlite"


class Node:
    """Everything that belongs to a node. Open it with `open_node`; close it, or kill it: both are safe."""

    def __init__(self, folder: Path, config: NodeConfig) -> None:
        self.folder = folder
        self.config = config
        self.keys = KeyStore(folder / "keys")
        self.speaker: SigningKey = self.keys.own(SPEAKER)
        self.log = StoredLog(self.keys.own(LOG), config.origin)
        self.store = open_store(config.store or folder / DATABASE)
        self.started = datetime.now(UTC)
        self.hearing = Hearing()
        self.growth = threading.Condition()
        self.cosigned_sizes: dict[str, int] = {}  # by witness, what it cosigned last of our log, as far as we know
        self.stopping: Callable[[], bool] = lambda: False  # requests that wait look here
        self._set_up()
        self.intake = Intake(self.store, self.log, self.speaker, self._grown)

    @property
    def origin(self) -> str:
        """The name of the node's log, and so of the node."""
        return self.log.origin

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self.head()[0].size

    def head(self) -> tuple[Checkpoint, Note]:
        """Return the log's checkpoint, as it is on disk."""
        with self.store.reading() as transaction:
            found = head_of(transaction, self.origin)
        assert found is not None  # `_set_up` signs the first one.
        return found

    def say(
        self,
        record: Record,
        kind: str,
        about: Sequence[str],
        *,
        signers: Sequence[SigningKey] = (),
        level: Level = "public",
    ) -> Receipt:
        """Say a record about digests (`sha256:…`), signed by the node or by `signers`, log it, and wait for that."""
        subjects = [Named({digest.partition(":")[0]: digest.partition(":")[2]}) for digest in about]
        line = say(record, kind, subjects, signers=signers or [self.speaker])
        return self.intake.say([line], level)[0]

    @property
    def grown_to(self) -> int:
        """How many entries the log had at the last commit: from memory, without a look at the store."""
        return self._size

    def look(self) -> None:
        """Look whether another process has let the log grow."""
        if (size := self.size) > self._size:
            self._grown(size)

    def noticed(self) -> None:
        """Wake whoever waits for statements: others than our own have come in."""
        with self.growth:
            self.growth.notify_all()

    def halt(self, reason: str) -> None:
        """Take in nothing more until an operator has looked: to go on would show two histories of our own log."""
        with self.store.writing() as transaction:
            halt(transaction, reason)

    def wait_for_growth(self, size: int, seconds: float) -> None:
        """Return when the log has more than `size` entries, or after `seconds`."""
        with self.growth:
            if self._size <= size:
                self.growth.wait(seconds)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, and let go of everything."""
        self.intake.close()
        self.hearing.close()
        self.store.close()

    def _grown(self, size: int) -> None:
        with self.growth:
            self._size = size
            self.growth.notify_all()

    def _set_up(self) -> None:
        with self.store.writing() as transaction:
            found = head_of(transaction, self.origin)
            if found is None:
                others = transaction.one("SELECT origin FROM logs WHERE own = 1")
                if others:
                    raise UsageError(
                        "other-origin", f"this store has the log {others[0]}", "Restore `origin` in node.toml."
                    )
                self.log.append(transaction, [])
                transaction.run(
                    "UPDATE logs SET own = 1, speaker = ? WHERE origin = ?", self.speaker.keyid, self.origin
                )
                found = head_of(transaction, self.origin)
            assert found is not None
            if self.log.verifier_key not in verify_note(found[1], [self.log.verifier_key], name="the log's checkpoint"):
                raise MalformedInput("other-log-key", "the log was signed with another key", "Restore keys/log.key.")
            set_up(transaction)
            self._size = found[0].size


def open_node(folder: Path, **settings: object) -> Node:
    """Open the node in `folder`; `settings` are changes to its configuration, kept from now on.

    The first time, a node is made: keys, an empty log, `node.toml`. Raises MalformedInput, Unavailable, UsageError.
    """
    config = read_config(folder)
    if config is None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = KeyStore(folder / "keys").own(LOG)
        config = NodeConfig(name="Accord node", jurisdiction="INT", origin=local_name(key.public).name)
        changed = replace(config, **settings)
        write_config(folder, changed)
    else:
        changed = replace(config, **settings)
        if changed.origin != config.origin and (folder / DATABASE).exists():
            raise UsageError("origin-is-fixed", "a node's origin names its log for good", "Make a new node for it.")
        if changed != config:
            write_config(folder, changed)
    VerifierKey(changed.origin, KeyStore(folder / "keys").own(LOG).public, ED25519)  # an origin is a key's name
    return Node(folder, changed)
