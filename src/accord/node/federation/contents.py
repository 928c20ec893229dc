"""What a peer shows of its statements: fetched in the order of its log, each checked against the entry it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from ...commons import apply
from ...commons.interface import read_again, reads
from ...errors import AccordError, MalformedInput
from ...records import from_json
from ...records.said import SplitView
from ...store import Transaction
from ...store.log import tree_of
from ...store.statements import File, Incoming, Kept, add, add_files, find, known_ids, next_seq, note_logged
from ...trust.canonical import digest_bytes
from ...trust.predicates import AssessmentPredicate
from ...trust.saying import Heard, hear
from ...trust.sealing import MAX_RECORD_BYTES, RECORD
from ...trust.statement import format_time
from ..node import Node
from .peers import Peer
from .split_views import believe

PAGE = 128
_PAGE_BYTES = 40 * 1024 * 1024
Headers = Callable[[Peer, str], Mapping[str, str]]
"""Returns the headers by which this node shows who it is: a peer may show it more than a visitor."""


class Row(Struct, frozen=True):
    """An entry as a peer shows it: `line` is null if its content is withheld, or is not there."""

    index: int
    disclosure: str
    line: str | None
    id: str | None = None


def read_contents(node: Node, peer: Peer, size: int, headers: Headers) -> int:
    """Fetch what the peer shows of entries that are mirrored but were not asked for; return how many came.

    Each page is kept as it comes. Raises Unavailable, or MalformedInput for content that is not that of its entry.
    """
    start, count = peer.asked, 0
    while start < size:
        rows = fetch_page(peer, start, min(PAGE, size - start), headers)
        count += keep_rows(node, peer, rows, headers)
        start = rows[-1].index + 1
        with node.store.writing() as transaction:
            transaction.run("UPDATE peers SET asked = ? WHERE origin = ?", start, peer.origin)
    return count


def ask_again(node: Node, peer: Peer, headers: Headers) -> int:
    """Ask again for entries whose content was withheld; return how many came."""
    with node.store.reading() as transaction:
        hidden = [
            row[0]
            for row in transaction.rows(
                "SELECT idx FROM not_shown WHERE origin = ? ORDER BY idx LIMIT ?", peer.origin, PAGE * 8
            )
        ]
    return sum(keep_rows(node, peer, fetch_page(peer, index, 1, headers), headers) for index in hidden)


def fetch_page(peer: Peer, start: int, limit: int, headers: Headers, log: str = "") -> list[Row]:
    """Fetch what the peer shows of entries of its own log, or of the one whose origin has the sha256 `log`.

    Raises Unavailable, LimitExceeded, or MalformedInput for what is no page.
    """
    path = f"/api/v1/log/statements?start={start}&limit={limit}" + (f"&log={log}" if log else "")
    answer = peer.get(path, most=_PAGE_BYTES, seconds=120, headers=headers(peer, path))
    no_page = MalformedInput("bad-page", f"{peer.url} does not serve the statements of its log", "Ask its operator.")
    if answer.status != 200 or answer.body.count(b"\n") > limit:  # counted first: lists of a million lines are large
        raise no_page
    lines = answer.body.removesuffix(b"\n").split(b"\n")
    rows = [from_json(line, Row, name=f"{peer.url}{path}, line {n}") for n, line in enumerate(lines, 1)]
    if [row.index for row in rows] != list(range(start, start + len(rows))):
        raise no_page
    return rows


def keep_rows(node: Node, peer: Peer, rows: Sequence[Row], headers: Headers) -> int:
    """Keep a page of statements, with the files that they name; return how many were new."""
    shown = {row.index: hear(row.line.encode(), name=f"{peer.url}: entry {row.index}") for row in rows if row.line}
    files = {heard.id: found for heard in shown.values() if (found := _files(node, peer, heard, headers))}
    now = format_time(datetime.now(UTC))
    with node.store.writing() as transaction:
        tree = tree_of(transaction, peer.origin, rows[-1].index + 1)
        for index, heard in shown.items():
            if tree.entry(index) != heard.entry:
                raise MalformedInput(
                    "not-that-entry",
                    f"{peer.url}: what it shows of entry {index} is something else",
                    "Ask its operator.",
                )
        known = known_ids(transaction, [heard.id for heard in shown.values()])
        seq, new = next_seq(transaction), 0
        for row in rows:
            if row.index not in shown:
                transaction.run(
                    "INSERT INTO not_shown (origin, idx) VALUES (?, ?) ON CONFLICT DO NOTHING", peer.origin, row.index
                )
                continue
            heard = shown[row.index]
            transaction.run("DELETE FROM not_shown WHERE origin = ? AND idx = ?", peer.origin, row.index)
            if heard.id in known:
                note_logged(transaction, peer.origin, [(row.index, known[heard.id])])
                continue
            _keep(transaction, peer, row, heard, seq, now)
            add_files(transaction, seq, files.get(heard.id, ()))
            known[heard.id] = seq
            seq, new = seq + 1, new + 1
        read_again(transaction, [heard.id for heard in shown.values()])
    for heard in shown.values():
        if heard.kind == "split-view":
            believe(node, heard.record(SplitView))
    return new


def _keep(transaction: Transaction, peer: Peer, row: Row, heard: Heard, seq: int, now: str) -> None:
    # What a peer shows to its own community, or to us by name, is for our own people; we pass it on to nobody.
    level = "public" if row.disclosure == "public" else "named"
    add(transaction, seq, [Incoming.of(heard)], now, level)
    note_logged(transaction, peer.origin, [(row.index, seq)])
    kept = find(transaction, heard.id)
    assert isinstance(kept, Kept)
    if reads(kept.kind):
        apply(transaction, kept, heard)


def _files(node: Node, peer: Peer, heard: Heard, headers: Headers) -> list[File]:
    """Fetch the record of an assessment, if it is shown; without it, the statement alone is kept."""
    if heard.kind != "assessment":
        return []
    with node.store.reading() as transaction:
        if find(transaction, heard.id):
            return []
    try:
        predicate = from_json(heard.envelope.payload, _Signed, name="assessment").predicate
        named = next(item for item in predicate.files if item.name == RECORD)
    except (AccordError, StopIteration):
        return []
    path = f"/api/v1/statements/{heard.id[7:]}/files/{RECORD}"
    most = min(MAX_RECORD_BYTES, node.config.upload_bytes)
    answer = peer.get(path, most=most, seconds=120, headers=headers(peer, path))
    if answer.status != 200 or digest_bytes(answer.body)[7:] != named.sha256:
        return []
    return [File(RECORD, named.sha256, "application/json", answer.body)]


class _Signed(Struct, frozen=True):
    predicate: AssessmentPredicate
