"""The Merkle tree of RFC 6962, section 2.1: hashes, roots, and proofs of inclusion and consistency.

Proofs are verified for subtrees `[start, end)` as well (draft-ietf-plants-merkle-tree-certs, section 4), of which a
whole tree, `start` 0, is the usual case. A proof function never accepts the empty tree: that a log of size 0
precedes every other needs no proof, and callers who meet size 0 decide so themselves (c2sp.org/tlog-witness).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

EMPTY_ROOT = hashlib.sha256().digest()
MAX_SIZE = 2**63 - 1

RangeHash = Callable[[int, int], bytes]
"""Returns the hash of the leaves `[low, high)` where this is a node of the tree."""


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; SHA-256 of nothing for no leaves. Time and space O(n)."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
    return level[0]


def split(size: int) -> int:
    """Return the largest power of two below `size` (at least 2): where a tree divides into its two halves."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, range_hash: RangeHash) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size`, from the leaf's sibling up (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf must lie in the tree")
    low, high, proof = 0, size, []
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            proof.append(range_hash(middle, high))
            high = middle
        else:
            proof.append(range_hash(low, middle))
            low = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, range_hash: RangeHash) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of the tree of `size` (RFC 6962, 2.1.2)."""
    if not 0 < old <= size:
        raise ValueError("the old tree must not be empty, and not exceed the new one")
    low, high, proof, whole = 0, size, [], True
    while old < high:
        middle = low + split(high - low)
        if old <= middle:
            proof.append(range_hash(middle, high))
            high = middle
        else:
            proof.append(range_hash(low, middle))
            low, whole = middle, False
    if not whole:
        proof.append(range_hash(low, high))
    return proof[::-1]


def is_subtree(start: int, end: int) -> bool:
    """Whether `[start, end)` is a subtree: `start` is a multiple of the least power of two not below its size."""
    return 0 <= start <= end <= MAX_SIZE and start % (1 << max(end - start - 1, 0).bit_length()) == 0


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows the leaf hash `leaf` at `index` in the tree of `size` with `root`."""
    return verify_subtree_inclusion(index, 0, size, leaf, proof, root)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` shows the leaf hash `leaf` at `index` in the subtree `[start, end)` with hash `root`."""
    if not (is_subtree(start, end) and start <= index < end and len(leaf) == 32):
        return False
    here, last, found = index - start, end - start - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(sibling, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows the tree of `old` > 0 leaves to be a prefix of the tree of `size`."""
    return old > 0 and verify_subtree_consistency(0, old, size, old_root, root, proof)


def verify_subtree_consistency(
    start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows the subtree `[start, end)` to be part of the tree of `size` with `root`.

    An empty subtree is part of every tree: its hash is that of nothing, and its proof is empty.
    """
    if not (is_subtree(start, end) and end <= size <= MAX_SIZE):
        return False
    if start == end:
        return not proof and subtree_root == EMPTY_ROOT
    first, last, border, rest = start, end - 1, size - 1, list(proof)
    # Go up to the largest complete subtree at the right end of [start, end): its hash begins the proof.
    while first != last and (last & 1 or last == border):
        first, last, border = first >> 1, last >> 1, border >> 1
    if first == last:
        seed = subtree_root
    elif rest:
        seed = rest.pop(0)
    else:
        return False
    old_found = new_found = seed
    for sibling in rest:
        if border == 0:
            return False
        if last & 1 or last == border:
            if first < last:
                old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while last and not last & 1:
                first, last, border = first >> 1, last >> 1, border >> 1
        else:
            new_found = node_hash(new_found, sibling)
        first, last, border = first >> 1, last >> 1, border >> 1
    return border == 0 and old_found == subtree_root and new_found == root
