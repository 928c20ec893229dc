import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.trust import tree

SUITES = {"inclusion": 98, "consistency": 98, "subtreeinclusion": 204, "subtreeconsistency": 118}


def judge(kind, case):
    def hashed(name):
        return base64.b64decode(case[name] or "")

    proof = [base64.b64decode(item) for item in case["proof"] or []]
    if kind == "inclusion":
        return tree.verify_inclusion(case["leafIdx"], case["treeSize"], hashed("leafHash"), proof, hashed("root"))
    if kind == "consistency":
        return tree.verify_consistency(case["size1"], case["size2"], hashed("root1"), hashed("root2"), proof)
    if kind == "subtreeinclusion":
        return tree.verify_subtree_inclusion(
            case["leafIdx"], case["start"], case["end"], hashed("leafHash"), proof, hashed("root")
        )
    return tree.verify_subtree_consistency(
        case["start"], case["end"], case["size"], hashed("root1"), hashed("root2"), proof
    )


@pytest.mark.parametrize("kind", SUITES)
def test_every_vector_of_transparency_dev_merkle(conformance, kind):
    files = sorted((conformance / "merkle" / kind).rglob("*.json"))
    assert len(files) == SUITES[kind]
    wrong = [
        str(file) for file in files for case in [json.loads(file.read_text())] if judge(kind, case) == case["wantErr"]
    ]
    assert wrong == []


def mth(leaves):
    """The Merkle Tree Hash as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return tree.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return tree.node_hash(mth(leaves[:k]), mth(leaves[k:]))


def leaves(count):
    return [tree.leaf_hash(bytes([index])) for index in range(count)]


def test_roots_follow_the_definition():
    for count in range(130):
        assert tree.root_hash(leaves(count)) == mth(leaves(count))


def test_proofs_hold_for_every_leaf_and_every_prefix_up_to_40():
    for size in range(1, 41):
        all_leaves = leaves(size)
        root = mth(all_leaves)

        def range_hash(low, high, of=all_leaves):
            return mth(of[low:high])

        for index in range(size):
            proof = tree.inclusion_proof(index, size, range_hash)
            assert tree.verify_inclusion(index, size, all_leaves[index], proof, root)
            assert not any(
                tree.verify_inclusion(other, size, all_leaves[index], proof, root)
                for other in range(size)
                if other != index
            )
        for old in range(1, size + 1):
            proof = tree.consistency_proof(old, size, range_hash)
            assert tree.verify_consistency(old, size, mth(all_leaves[:old]), root, proof)
            assert not tree.verify_consistency(old, size, mth(all_leaves[:old]), mth(leaves(size + 1)), proof)


def test_size_zero_stays_outside_the_proof_functions():
    root = mth(leaves(3))
    assert not tree.verify_consistency(0, 3, tree.EMPTY_ROOT, root, [])
    assert not tree.verify_inclusion(0, 0, tree.EMPTY_ROOT, [], tree.EMPTY_ROOT)
    with pytest.raises(ValueError, match="empty"):
        tree.consistency_proof(0, 3, lambda low, high: b"")
    with pytest.raises(ValueError, match="in the tree"):
        tree.inclusion_proof(0, 0, lambda low, high: b"")


@given(
    st.integers(0, 2**64),
    st.integers(0, 2**64),
    st.integers(0, 2**64),
    st.lists(st.binary(min_size=32, max_size=32), max_size=70),
)
def test_noise_proves_nothing_and_ends(first, second, third, proof):
    assert not tree.verify_subtree_consistency(first, second, third, b"a" * 32, b"b" * 32, proof)
    assert not tree.verify_subtree_inclusion(first, second, third, b"a" * 32, proof, b"b" * 32)
