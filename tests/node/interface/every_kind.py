"""A statement of every kind, with a word of its own in every text: whoever meets that word has read the statement."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from accord.commons.systems.projection import subject_of
from accord.node.node import Node
from accord.recognition.deciding import Draft
from accord.records.agreement import Scope
from accord.records.certificate import Certificate
from accord.records.trust_list import PostalAddress
from accord.trust import VerifierKey, canonical
from accord.trust.dsse import sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.kinds import record_type, type_of
from accord.trust.note import ED25519
from accord.trust.saying import hear, say
from accord.trust.statement import build, format_time, subject
from accord.trust.trust_list import subject_digest
from accord.trust.trust_list_editing import add_entity, add_service, first_list

LEVELS = ("public", "community", "named", "none")
REVOKED = tuple(f"{level} revoked" for level in LEVELS[1:])
TAGS = (*LEVELS, *REVOKED, "erased")
"""What becomes of a statement: at which level it is, and whether it is revoked there; or that it is erased."""


def marker(tag: str, kind: str) -> str:
    """Return the word of the statement of a kind and tag: one that is found by search, and nowhere by chance."""
    return f"qz{''.join(word[:3] for word in tag.split())}{kind.replace('-', '')}zq"


def key(number: int) -> SigningKey:
    """Return one of the keys that sign here."""
    return SigningKey.from_seed(bytes([number]) * 32)


def list_key(tag: str) -> SigningKey:
    """Return the key of the trust list of a tag."""
    return key(50 + TAGS.index(tag))


def vkey(signer: SigningKey, name: str) -> str:
    """Return a verifier key, as trust lists name keys."""
    return str(VerifierKey(name, signer.public, ED25519))


LAB, AUTHORITY, DECIDER = key(41), key(42), key(43)
SIGNERS = {signer.public.keyid: signer for signer in (LAB, AUTHORITY, DECIDER, *map(list_key, TAGS))}
_numbers = itertools.count(0xABC000)


def filled(kind: Any, word: str) -> Any:
    """Return a value of a type with `word` in every text of it, also in the keys of dictionaries."""
    info = msgspec.inspect
    match kind:
        case info.StrType() | info.AnyType():
            return word
        case info.IntType() | info.FloatType():
            return 1
        case info.BoolType():
            return False
        case info.NoneType():
            return None
        case info.LiteralType():
            return kind.values[0]
        case info.VarTupleType() | info.ListType():
            return [filled(kind.item_type, word)]
        case info.TupleType():
            return [filled(item, word) for item in kind.item_types]
        case info.DictType():
            return {filled(kind.key_type, word): filled(kind.value_type, word)}
        case info.UnionType():
            kinds = {type(item): item for item in kind.types}
            return filled(kinds.get(info.StrType) or next(i for i in kind.types if type(i) is not info.NoneType), word)
        case info.StructType():
            return {item.encode_name: filled(item.type, word) for item in kind.fields}
        case info.Metadata():
            return filled(kind.type, word)
    raise AssertionError(kind)


def record_of(kind: str, word: str, **given: Any) -> Any:
    """Return a record of a kind with the word in every text but those that are given."""
    made = record_type(kind)
    plain = {**filled(msgspec.inspect.type_info(made), word), **given}
    return msgspec.convert(plain, made)


def draft_of(word: str) -> Draft:
    """Return a drafted decision with the word in every text."""
    return msgspec.convert(filled(msgspec.inspect.type_info(Draft), word), Draft)


def line_of(world: Any, kind: str, tag: str, word: str) -> bytes:
    """Return a statement that the node takes for one of its kind: who signs it may, and what it is about is here."""
    node, base, by = world.node, world.base, {"name": word, "role": word, "office": word}
    today, number = f"{datetime.now(UTC):%Y-%m-%d}", next(_numbers)
    digest = f"sha256:{number:064x}"
    signers, about, given = [node.speaker], base.id, {}
    target = "public" if tag in LEVELS else tag  # What is withheld may be said of what is public.
    match kind:
        case "review" | "foreign":
            kind_type = type_of("review") if kind == "review" else "https://example.org/foreign/v1"
            stated = {"keyid": LAB.public.keyid, "publicKey": b64encode(LAB.public.raw)}
            payload = build(
                kind_type, [subject(word, base.id)], {"reason": word, word: [word], "signer": stated}, valid_days=9
            )
            return to_line(sign(payload, [LAB]))
        case "trust-list":
            made = list_line(word, "FR", list_key(tag), {word: (LAB, "laboratory")})
            world.extra[f"list {tag}"] = about = hear(made).subjects[0]
            world.extra[f"body {tag}"] = canonical.digest(["accord/body", about, f"urn:example:{word}"])
            return made
        case "registration":
            entry = f"{number:016x}"
            about = subject_of(node.origin, entry)
            given = {
                "origin": node.origin, "entry": entry, "version": 1, "replaces": "", "contract_until": "", "since": "",
                "url": word if word.startswith("http") else f"https://example.org/{quote(word)}", "influence": "",
                "jurisdictions": ["DE"], "subjects": [digest, *(world.measured if tag == "public" else ())],
                "review": {"every_days": 9, "due": today, "reason": word, "set_by": "hand"}, "sdgs": [3],
            }  # fmt: skip
            if not word.isalnum():
                given |= {"unknown": [], "supplied": [], "answers": {}}
            world.extra[f"entry {tag}"] = entry
            world.extra[f"subject {tag}"] = about
        case "dispute":
            given = {"target": base.id}
        case "dispute-answer":
            dispute = next(item for item in world.statements if (item.kind, item.tag) == ("dispute", target))
            given, about = {"dispute": dispute.id, "target": base.id}, dispute.id
        case "revocation" | "erasure" | "disclosure":
            about = throwaway(node, number)
            given = (
                {"target": about, "effective": "2020-01-01T00:00:00Z"} if kind == "revocation" else {"target": about}
            )
            if kind == "disclosure":
                given = {"targets": [about], "level": "public", "peers": []}
            world.extra[f"{kind} {tag}"] = about.removeprefix("sha256:")
        case "plan":
            part = {"role": "data", "kind": "csv", "path": word, "digest": digest, "size": 1}
            given = {"subject": {"name": word, "digest": digest, "parts": [part]}, "version": "0.1", "profile": None}
            given["card"] = {"system": {"name": word, "purpose": word}}
        case "agreement":
            days = {"valid_from": "2020-01-01", "valid_until": "2999-01-01"}
            given = {"id": word, "recognises": "DE", "of": "FR", "bodies": [], "basis": [], **days, "scope": {}}
            given["conditions"] = {"assurance": "declared"}
            signers = [AUTHORITY]
        case "agreement-acceptance" | "agreement-end":
            about = next(i for i in world.statements if (i.kind, i.tag) == ("agreement", target)).id
            given, signers = {"agreement": about}, [LAB]
            if kind == "agreement-end":
                given |= {"effective": "2998-01-01T00:00:00Z"}
        case "examination":
            given, signers = {"assessment": base.id, "jurisdiction": "DE"}, [AUTHORITY]
        case "recognition":
            given = {
                "assessment": base.id, "subject": digest, "jurisdiction": "DE", "at": format_time(datetime.now(UTC)),
                "valid_until": "2999-01-01", "profile": None, "decided_by": {**by, "name": f"{word} two"},
            }  # fmt: skip
            signers = [AUTHORITY, DECIDER]
        case "recheck":
            given, signers = {"statement": base.id, "outcome": "agrees"}, [LAB]
        case "certificate":
            paper = {"digest": digest, "size": 1, "media_type": "application/pdf"}
            given = {"paper": paper, "issued": "2025-01-01", "valid_until": "", "about_digest": digest}
        case "certificate-confirmation":
            found = next(i for i in world.statements if (i.kind, i.tag) == ("certificate", target))
            paper = hear(found.line).record(Certificate).paper.digest
            given, about, signers = {"certificate": found.id, "paper": paper}, found.id, [LAB]
    if "by" in record_type(kind).__struct_fields__ and kind != "account-change":
        given = {"by": by, **given}
    return say(record_of(kind, word, **given), kind, [subject(word, about)], signers=signers)


def throwaway(node: Node, number: int) -> str:
    """Return the id of a public statement that something may be said about."""
    return node.say(record_of("status", f"plain {number}"), "status", [f"sha256:{number:064x}"]).id


def list_line(operator: str, code: str, by: SigningKey, members: dict[str, tuple[SigningKey, str]]) -> bytes:
    """Return a trust list of an operator, with these members and their roles."""
    at = datetime.now(UTC) - timedelta(days=2)
    record = first_list(operator, code, [vkey(by, "list")], 1, days=365, at=at)
    for name, (member, role) in members.items():
        where = PostalAddress(lang="en", StreetAddress=operator, Country=code)
        record = add_entity(record, name, f"urn:example:{name}", address=where, email="a@example.org",
                            uri=f"https://example.org/{quote(operator)}")  # fmt: skip
        record = add_service(record, f"urn:example:{name}", role, [vkey(member, name)], scope=Scope(), since=at, at=at)  # type: ignore[arg-type]
    return say(record, "trust-list", [subject("list", subject_digest(record))], signers=[by])
