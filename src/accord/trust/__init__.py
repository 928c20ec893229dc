"""Say, sign, log, verify: statements in envelopes, keys, and a transparency log that anybody can check.

Nothing is imported before it is used: `import accord.trust` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # Type checkers take it for true; `typing` would be half the cost of this import.
if TYPE_CHECKING:
    from .canonical import digest, digest_bytes
    from .checking import LogCheck, SealCheck, SignerCheck, check
    from .checkpoint import Checkpoint, parse_checkpoint
    from .ed25519 import PublicKey, SigningKey
    from .envelopes import Change
    from .keys import KeyStore, KnownKey, Trust, TrustedKey
    from .log import Log, own_log
    from .note import VerifierKey
    from .plan_check import PlanCheck
    from .proof import LogProof, parse_proof, verify_proof
    from .sealing import Sealed, seal

_HOME = {
    "canonical": ("digest", "digest_bytes"),
    "checking": ("LogCheck", "SealCheck", "SignerCheck", "check"),
    "checkpoint": ("Checkpoint", "parse_checkpoint"),
    "envelopes": ("Change",),
    "ed25519": ("PublicKey", "SigningKey"),
    "keys": ("KeyStore", "KnownKey", "Trust", "TrustedKey"),
    "log": ("Log", "own_log"),
    "note": ("VerifierKey",),
    "plan_check": ("PlanCheck",),
    "proof": ("LogProof", "parse_proof", "verify_proof"),
    "sealing": ("Sealed", "seal"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Change",
    "Checkpoint",
    "KeyStore",
    "KnownKey",
    "Log",
    "LogCheck",
    "LogProof",
    "PlanCheck",
    "PublicKey",
    "SealCheck",
    "Sealed",
    "SignerCheck",
    "SigningKey",
    "Trust",
    "TrustedKey",
    "VerifierKey",
    "check",
    "digest",
    "digest_bytes",
    "own_log",
    "parse_checkpoint",
    "parse_proof",
    "seal",
    "verify_proof",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_MODULE[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return __all__
