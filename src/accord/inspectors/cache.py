"""Evidence of earlier runs on the same bytes, kept on this machine and sealed with a key that never leaves it.

The key of an entry binds everything that could change the result: the part, the card if it is read, the inspector's
version and parameters, the seed, the versions of its libraries and Accord's own code. Evidence that failed or was
skipped is never kept. An entry whose seal does not fit is treated as absent.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..errors import AccordError
from ..records import Evidence, from_json, to_json
from .interface import Inspector
from .running import Request

SCHEMA = "1"
_SEAL_BYTES = 32


@lru_cache(maxsize=1)
def _own_code() -> str:
    """The digest of Accord's own files: a version number does not change while somebody works on the code."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".yaml")):
        code.update(path.read_bytes())
    return code.hexdigest()


class EvidenceCache:
    """A folder of sealed evidence."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, inspector: Inspector, asked: Request) -> Evidence | None:
        """Return the kept evidence for exactly this question, or None."""
        try:
            sealed = self._path(inspector, asked).read_bytes()
        except OSError:
            return None
        seal, body = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, hmac.digest(self._secret(), body, "sha256")):
            return None
        try:
            return from_json(body, Evidence, name="kept evidence")
        except AccordError:
            return None

    def put(self, inspector: Inspector, asked: Request, evidence: Evidence) -> None:
        """Keep `evidence` if it was measured and its inspector allows it. A full disk loses only the saving."""
        if not inspector.cacheable or evidence.status != "measured":
            return
        path, body = self._path(inspector, asked), to_json(evidence)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_bytes(hmac.digest(self._secret(), body, "sha256") + body)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)

    def _path(self, inspector: Inspector, asked: Request) -> Path:
        key = hashlib.sha256(to_json(self._question(inspector, asked))).hexdigest()
        return self._folder / key[:2] / key

    @staticmethod
    def _question(inspector: Inspector, asked: Request) -> list[object]:
        libraries: list[tuple[str, str | None]] = []
        for library in ("accord-governance", *inspector.libraries):
            try:
                libraries.append((library, version(library)))
            except PackageNotFoundError:
                libraries.append((library, None))
        return [
            SCHEMA,
            inspector.id,
            inspector.version,
            asked.parameters,
            asked.seed,
            asked.part,
            asked.subject.digest if inspector.scope == "subject" else None,
            [asked.card, asked.card_source, asked.contradictions] if inspector.reads_card else None,
            libraries,
            _own_code(),
        ]

    def _secret(self) -> bytes:
        path = self._folder / "seal.key"
        try:
            secret = path.read_bytes()
            if len(secret) == _SEAL_BYTES:
                return secret
        except OSError:
            pass
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = secrets.token_bytes(_SEAL_BYTES)
        temporary = path.with_name(f"seal.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
        temporary.replace(path)
        return secret
