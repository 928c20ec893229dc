"""What peers have of our own log. If one has more, our store was put back to an earlier state, and must not grow:
another history would begin. What is missing is fetched from the peer's mirror, and the log goes on from there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...errors import AccordError, MalformedInput, Unavailable, UsageError
from ...store.log import StoredTiles, go_on, halted, head_of, set_head, tree_of, write_tiles
from ...trust.checkpoint import Checkpoint, parse_checkpoint
from ...trust.note import MAX_NOTE_BYTES, Note, parse_note, verify_note
from ...trust.tiles import grow
from ...trust.tree import EMPTY_ROOT
from ..node import Node
from .contents import PAGE, Headers, fetch_page, keep_rows
from .mirroring import fetch_entries, mirror_path
from .peers import Peer, peers

logger = logging.getLogger("accord.federation")
State = Literal["none", "fits", "ahead", "forked", "unreached"]


@dataclass(frozen=True)
class View:
    """What a peer has of our own log: `size` entries of it, mirrored or cosigned; and how that fits ours."""

    peer: Peer
    state: State
    size: int = 0
    detail: str = ""


def view_of_own(node: Node, peer: Peer) -> View:
    """Ask a peer what it mirrors and has cosigned of our log. Raises nothing: who does not answer is `unreached`."""
    log = mirror_path(node.origin)
    places = {"mirrors": f"{log}/checkpoint", "has cosigned": f"/witness/{log.rpartition('/')[2]}/checkpoint"}
    try:
        found = [(how, _own_head(node, peer, path)) for how, path in places.items()]
        views = [_fits(node, peer, head[0], how) for how, head in found if head]
    except AccordError as error:
        return View(peer, "unreached", detail=error.message)
    order: tuple[State, ...] = ("forked", "ahead", "fits", "none")
    return min(views, key=lambda view: (order.index(view.state), -view.size), default=View(peer, "none"))


def compare_own(node: Node, peer: Peer) -> View:
    """Ask a peer for our own log, and halt it if the peer has more of it than we, or another history."""
    view = view_of_own(node, peer)
    if view.state in ("ahead", "forked"):
        node.halt(view.detail)
        logger.error("halted: %s", view.detail)
    return view


def look_at_own(node: Node, seconds: float, others: Sequence[Peer] = ()) -> tuple[View, ...]:
    """Ask all peers, and `others`, at once for our own log: what they answer within `seconds`. Halts it if need be."""
    with node.store.reading() as transaction:
        asked = list({peer.origin: peer for peer in (*others, *peers(transaction))}.values())
    views = {peer.origin: View(peer, "unreached", detail=f"no answer within {seconds:g} seconds") for peer in asked}

    def look(peer: Peer) -> None:
        try:
            views[peer.origin] = compare_own(node, peer)
        except AccordError as error:  # our own store
            logger.warning("%s", error.message)

    threads = [threading.Thread(target=look, args=(peer,), daemon=True) for peer in asked]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return tuple(dict(views).values())


@dataclass(frozen=True)
class Regained:
    """What came back from a peer: entries of our log, and statements. `lost` entries have no statement here still."""

    entries: int
    statements: int
    lost: int


def regain(node: Node, peer: Peer, headers: Headers, progress: Callable[[int, int], None]) -> Regained:
    """Fetch what the peer mirrors of our log and we lack: entries, and the statements that it shows.

    `progress` is told entries done and in all. Raises UsageError if it mirrors none of it, MalformedInput if its
    mirror does not go on from what we have, Unavailable; what came until then is kept.
    """
    head = _own_head(node, peer, f"{mirror_path(node.origin)}/checkpoint")
    if head is None:
        raise UsageError("no-mirror", f"{peer.url} does not mirror this log", "Name a node that follows this one.")
    before = node.size
    if head[0].size > before:
        node.halt(f"{peer.url} mirrors {head[0].size} entries of this node's log, which has {before}")
        _regain_entries(node, peer, before, *head, progress)
    statements, lost = _regain_statements(node, peer, headers)
    node.look()
    return Regained(max(head[0].size - before, 0), statements, lost)


def settle(node: Node, views: tuple[View, ...], *, alone: bool) -> bool:
    """Say whether the log may grow; if it was halted, let it grow again once all peers, one at least, have no more.

    With `alone` it may although some did not answer, or there was nobody to ask.
    """
    states = {view.state for view in views}
    if states & {"ahead", "forked"}:
        return False
    with node.store.writing() as transaction:
        if not halted(transaction):
            return True
        if not alone and (not states or "unreached" in states):
            return False
        go_on(transaction)
    return True


def _own_head(node: Node, peer: Peer, path: str) -> tuple[Checkpoint, Note] | None:
    answer = peer.get(path, most=MAX_NOTE_BYTES, seconds=15)
    if answer.status != 200:
        return None
    note = parse_note(answer.body, name="checkpoint of our own log")
    verify_note(note, [node.log.verifier_key], name="checkpoint of our own log")
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != node.origin:
        raise MalformedInput("other-log", f"{peer.url} serves the checkpoint of another log", "Ask its operator.")
    return checkpoint, note


def _fits(node: Node, peer: Peer, theirs: Checkpoint, how: str) -> View:
    with node.store.reading() as transaction:
        ours = head_of(transaction, node.origin)
        size = ours[0].size if ours else 0
        if theirs.size > size:
            detail = f"{peer.url} {how} {theirs.size} entries of this node's log, which has {size}"
            return View(peer, "ahead", theirs.size, detail)
        root = tree_of(transaction, node.origin, theirs.size).root() if theirs.size else EMPTY_ROOT
    if root != theirs.root:
        detail = f"{peer.url} {how} another history of this node's log: its first {theirs.size} entries differ"
        return View(peer, "forked", theirs.size, detail)
    return View(peer, "fits", theirs.size)


def _regain_entries(
    node: Node, peer: Peer, start: int, head: Checkpoint, note: Note, progress: Callable[[int, int], None]
) -> None:
    fetched, origin = start, node.origin
    while fetched < head.size:
        entries = fetch_entries(peer, fetched, head.size, mirror_path(origin))
        with node.store.writing() as transaction:  # Beyond the signed size nobody sees it yet.
            growth = grow(tree_of(transaction, origin, fetched), StoredTiles(transaction, origin), entries)
            write_tiles(transaction, origin, growth.tiles)
        fetched = growth.size
        progress(fetched, head.size)
    with node.store.writing() as transaction:
        ours = head_of(transaction, origin)
        if ours is None or ours[0].size != start:
            raise Unavailable("log-grew", "the log has grown meanwhile", "Try again.")
        if tree_of(transaction, origin, head.size).root() != head.root:
            raise MalformedInput(
                "another-history",
                f"the mirror of {peer.url} does not go on from the {start} entries that are here",
                "Restore an earlier backup, or ask another peer.",
            )
        set_head(transaction, head, note)


def _regain_statements(node: Node, peer: Peer, headers: Headers) -> tuple[int, int]:
    """Fetch statements of entries that have none here; return how many came, and how many entries have none still."""
    as_ours = replace(peer, origin=node.origin)
    log, came, lost = mirror_path(node.origin).rpartition("/")[2], 0, 0
    for start in range(0, node.size, PAGE):
        width = min(PAGE, node.size - start)
        missing = _without_statement(node, start, width)
        while missing:
            rows = fetch_page(peer, missing[0], start + width - missing[0], headers, log)
            shown = [row for row in rows if row.line and row.index in missing]
            if shown:
                came += keep_rows(node, as_ours, shown, headers)
            found = {row.index for row in shown}
            lost += sum(index not in found and index <= rows[-1].index for index in missing)
            missing = [index for index in missing if index > rows[-1].index]
    return came, lost


def _without_statement(node: Node, start: int, width: int) -> list[int]:
    with node.store.reading() as transaction:
        rows = transaction.rows(
            "SELECT idx FROM logged WHERE origin = ? AND idx >= ? AND idx < ?", node.origin, start, start + width
        )
    there = {row[0] for row in rows}
    return [index for index in range(start, start + width) if index not in there]
