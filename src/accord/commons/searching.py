"""Search by words, on both stores: an inverted index, the newest first, with bounded work at any size.

A word is folded (case, accents, width, Arabic marks); scripts that write no spaces are cut into pairs of characters.
Several words must all be there, the last one may be a beginning. Beside words an entry has tags (`status=pilot`): a
filter is one more term. What few entries have is looked up; where all terms are frequent, the newest entries are
walked, at most `WALK` of them at once, and the rest is found by going on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from ..store import Transaction

FEW = 3_000
"""Entries with a term that are all looked at together."""
WALK = 10_000
"""Entries that are walked at once where every term is frequent."""
_STRIDES = (500, 2_000, 7_500)
_TEXT = 20_000  # characters of a text that are read
_TERMS = 600  # of one entry
_ASKED = 12  # terms of one query
_WORD = 40  # characters; what follows in a longer word isn't looked at
_ALL = b""
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "ـ": None}
)
_VOWELS_AND_VOICING = (0, 7, 8, 9)  # combining classes of marks that make another letter (Indic, Japanese)
_WITHOUT_SPACES = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0xA4CF),  # Han, kana, Yi
    (0xAC00, 0xD7A3),  # Hangul: particles are joined to words
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


class Term(NamedTuple):
    """What an entry must have: a word or tag, or a word that begins so."""

    word: bytes
    beginning: bool = False


class Found(NamedTuple):
    """Numbers of statements, the newest first; and before which number to go on, or None if that is all.

    `looked` is how many entries were looked at.
    """

    seqs: tuple[int, ...]
    further: int | None
    looked: int = 0


def fold(text: str) -> str:
    """Return text without what a person who searches may leave out: case, accents, width, Arabic marks, joiners."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(character for character in apart if not _is_left_out(character))
    return unicodedata.normalize("NFC", kept.casefold().translate(_LETTERS))


def words_in(text: str) -> list[str]:
    """Return the words of a text, folded, in order. A run of a script without spaces is one."""
    words: list[str] = []
    run, was_dense = "", False
    for character in fold(text[:_TEXT]):
        part = character.isalnum() or unicodedata.category(character)[0] == "M"
        dense = part and _is_dense(character)
        if run and (not part or dense != was_dense):
            words.append(run)
            run = ""
        if part:
            run += character
            was_dense = dense
    return [*words, run] if run else words


def tag(name: str, value: object) -> Term:
    """Return a term that no word of a text is: `name` of letters, and a value."""
    return Term(f"{name}={str(value)[: _WORD * 2]}".encode(errors="replace"))


def terms_of(text: str) -> set[bytes]:
    """Return the terms by which a text is found."""
    found: dict[str, None] = {}
    for word in words_in(text):
        found.update(dict.fromkeys(_pairs(word, last=True) if _is_dense(word[0]) else [word[:_WORD]]))
        if len(found) >= _TERMS:
            break
    return {word.encode(errors="replace") for word in list(found)[:_TERMS]}


def terms_asked(text: str) -> tuple[Term, ...]:
    """Return the terms that a query asks for; those beyond a dozen are left out."""
    found: dict[Term, None] = {}
    words = words_in(text)
    for number, word in enumerate(words, 1):
        if _is_dense(word[0]):
            pairs = _pairs(word, last=len(word) == 1)
            found.update(dict.fromkeys(Term(pair.encode(errors="replace"), len(word) == 1) for pair in pairs))
        else:
            found[Term(word[:_WORD].encode(errors="replace"), number == len(words) and len(word) < _WORD)] = None
    return tuple(found)[:_ASKED]


def index(transaction: Transaction, kind: str, seq: int, text: str, tags: Sequence[Term] = ()) -> None:
    """Make the entry of statement `seq` findable by the words of `text` and by tags, and by nothing else."""
    forget(transaction, kind, seq)
    terms = sorted({_ALL, *terms_of(text), *(term.word for term in tags)})
    transaction.many("INSERT INTO search (kind, term, seq) VALUES (?, ?, ?)", [(kind, term, seq) for term in terms])


def forget(transaction: Transaction, kind: str, seq: int) -> None:
    """Remove an entry from the index."""
    transaction.run("DELETE FROM search WHERE seq = ? AND kind = ?", seq, kind)


def search_sql(
    kind: str, words: str, tags: Sequence[Term] = (), column: str = "statements.seq"
) -> tuple[str, tuple[object, ...]]:
    """Return the condition on a column of statement numbers, and its values, under which an entry has all terms.

    It is checked row by row: for a query that is bounded otherwise. `find` is for all entries of a kind.
    """
    terms = (*terms_asked(words), *tags)
    parts = [_probe(kind, term, column) for term in terms]
    return " AND ".join(sql for sql, _ in parts) or "1 = 1", tuple(x for _, values in parts for x in values)


def find(
    transaction: Transaction,
    kind: str,
    words: str = "",
    tags: Sequence[Term] = (),
    *,
    where: str = "1 = 1",
    values: Sequence[object] = (),
    before: int | None = None,
    limit: int = 50,
    most: int = WALK,
    sizes: dict[Term, int] | None = None,
) -> Found:
    """Return entries of a kind with all words and tags for which `where`, a condition on `statements`, holds.

    It looks at `FEW`, or walks about `most` entries: if fewer than `limit` were found and `further` is set, there may
    be more. Who asks several times within a transaction hands in the same `sizes`, which fills up.
    """
    terms = (*terms_asked(words), *tags) or (Term(_ALL),)
    before = 2**62 if before is None else before
    known = {} if sizes is None else sizes
    for term in terms:
        if term not in known:
            known[term] = _size(transaction, kind, term)
    rarest = min(terms, key=lambda term: known[term])
    others = [_probe(kind, term, "few.seq") for term in terms if term != rarest]
    if known[rarest] <= FEW:
        sql, bounds = _range(kind, rarest)
        # Sorted and cut first: no database then prefers to read all that is older than `before`.
        all_of_them = f"SELECT seq FROM search WHERE {sql} ORDER BY kind, term LIMIT {FEW}"
        chosen = f"SELECT DISTINCT seq FROM ({all_of_them}) AS these WHERE seq < ?"
        seqs = _matching(transaction, chosen, (*bounds, before), others, where, values, limit + 1)
        return Found(tuple(seqs[:limit]), seqs[limit - 1] if len(seqs) > limit else None, known[rarest])
    leader = next((term for term in terms if not term.beginning), Term(_ALL))
    others = [_probe(kind, term, "few.seq") for term in terms if term != leader]
    return _walk(transaction, kind, leader, others, where, values, before, limit, most)


def _walk(
    transaction: Transaction,
    kind: str,
    leader: Term,
    others: Sequence[tuple[str, tuple[object, ...]]],
    where: str,
    values: Sequence[object],
    before: int,
    limit: int,
    most: int,
) -> Found:
    """Look at the newest entries with a frequent term: a few first, and more if that does not fill the page."""
    found: list[int] = []
    looked = 0
    for stride in _STRIDES:
        if looked >= most:
            break
        looked += stride
        sql = "SELECT seq FROM search WHERE kind = ? AND term = ? AND seq < ? ORDER BY seq DESC"
        bounds = (kind, leader.word, before)
        edge = transaction.one(f"{sql} LIMIT 1 OFFSET {stride - 1}", *bounds)
        last = edge[0] if edge else 0
        chosen = "SELECT seq FROM search WHERE kind = ? AND term = ? AND seq < ? AND seq >= ?"
        found += _matching(transaction, chosen, (*bounds, last), others, where, values, limit + 1 - len(found))
        if len(found) > limit:
            return Found(tuple(found[:limit]), found[limit - 1], looked)
        if edge is None:
            return Found(tuple(found), None, looked)
        before = last
    return Found(tuple(found), before, looked)


def _matching(
    transaction: Transaction,
    chosen: str,
    bounds: Sequence[object],
    others: Sequence[tuple[str, tuple[object, ...]]],
    where: str,
    values: Sequence[object],
    limit: int,
) -> list[int]:
    conditions = " AND ".join([*(sql for sql, _ in others), f"({where})"])
    rows = transaction.rows(
        f"WITH few AS MATERIALIZED ({chosen}) SELECT few.seq FROM few CROSS JOIN statements"
        f" WHERE statements.seq = few.seq AND {conditions} ORDER BY few.seq DESC LIMIT {limit}",
        *bounds,
        *(x for _, some in others for x in some),
        *values,
    )
    return [row[0] for row in rows]


def count(
    transaction: Transaction,
    kind: str,
    tags: Sequence[Term],
    *,
    where: str = "1 = 1",
    values: Sequence[object] = (),
    most: int = 1_000,
) -> int:
    """Return how many entries have all tags and fulfil `where`, counted up to `most` + 1."""
    return len(find(transaction, kind, "", tags, where=where, values=values, limit=most + 1).seqs)


def values_of(transaction: Transaction, kind: str, name: str, most: int = 200) -> list[str]:
    """Return the values of a tag, sorted by their bytes. Who may see an entry that has one is for the caller to ask."""
    found: list[str] = []
    low, high = tag(name, "").word, tag(name, "").word + b"\xff"
    while len(found) < most:
        row = transaction.one(
            "SELECT term FROM search WHERE kind = ? AND term > ? AND term < ? ORDER BY term LIMIT 1", kind, low, high
        )
        if row is None:
            break
        low = bytes(row[0])
        found.append(low.partition(b"=")[2].decode(errors="replace"))
    return found


def _size(transaction: Transaction, kind: str, term: Term) -> int:
    sql, values = _range(kind, term)
    some = f"SELECT 1 FROM search WHERE {sql} ORDER BY kind, term LIMIT {FEW + 1}"
    row = transaction.one(f"SELECT COUNT(*) FROM ({some}) AS these", *values)
    return int(row[0]) if row else 0


def _range(kind: str, term: Term, table: str = "search") -> tuple[str, tuple[object, ...]]:
    if not term.beginning:
        return f"{table}.kind = ? AND {table}.term = ?", (kind, term.word)
    beyond = term.word + b"\xff"  # no UTF-8 text has this byte
    return f"{table}.kind = ? AND {table}.term >= ? AND {table}.term < ?", (kind, term.word, beyond)


def _probe(kind: str, term: Term, column: str) -> tuple[str, tuple[object, ...]]:
    sql, values = _range(kind, term, "probe")
    return f"EXISTS (SELECT 1 FROM search probe WHERE probe.seq = {column} AND {sql})", values


def _pairs(run: str, *, last: bool) -> list[str]:
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    return [*pairs, run[-1]] if last else pairs


def _is_dense(character: str) -> bool:
    code = ord(character)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _WITHOUT_SPACES)


def _is_left_out(character: str) -> bool:
    if character.isascii():
        return False
    if unicodedata.combining(character) not in _VOWELS_AND_VOICING:
        return True
    code = ord(character)
    variation = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    return variation or unicodedata.category(character) == "Cf"
