import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.trust import tiles, tree
from accord.trust.checkpoint import parse_checkpoint
from accord.trust.note import VerifierKey, parse_note, verify_note

TESSERA = VerifierKey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")


@pytest.mark.parametrize("size", range(16))
def test_every_checkpoint_of_the_tessera_log(conformance, size):
    """Signature, tiles, entries and root of a log that another implementation wrote."""
    folder = conformance / "tessera-log"
    note = parse_note((folder / f"checkpoint.{size}").read_bytes())
    assert verify_note(note, [TESSERA]) == (TESSERA,)
    checkpoint = parse_checkpoint(note)
    assert checkpoint.size == size
    assert checkpoint.origin == TESSERA.name
    assert checkpoint.text == note.text
    tiled = tiles.TiledTree(tiles.FolderTiles(folder), size)
    entries = list(tiled.entries())
    assert len(entries) == size
    hashes = [tree.leaf_hash(entry) for entry in entries]
    assert tree.root_hash(hashes) == checkpoint.root
    assert tiled.root() == tiled.audit() == checkpoint.root
    if size:
        assert tiled.hashes(0, 0) == hashes
        assert tiles.encode_bundle(entries) == (folder / tiles.tile_path("entries", 0, size)).read_bytes()
        for index in range(size):
            proof = tree.inclusion_proof(index, size, tiled.range_hash)
            assert tree.verify_inclusion(index, size, hashes[index], proof, checkpoint.root)


def test_the_paths_of_the_specification():
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path("entries", 0, 112) == "tile/entries/000.p/112"
    assert tiles.tile_path(63, 1000) == "tile/63/x001/000"


def test_the_widths_of_the_specification():
    """A tree of 70,000: 273 full and one of 112 at level 0, one full and one of 17 at level 1, one of 1 at level 2."""
    tiled = tiles.TiledTree(None, 70_000)
    assert [tiled.width(0, index) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tiled.width(1, index) for index in (0, 1, 2)] == [256, 17, 0]
    assert [tiled.width(2, index) for index in (0, 1)] == [1, 0]
    assert tiles.TiledTree(None, 256).width(1, 0) == 1


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_bundles_are_read_back(entries):
    assert tiles.decode_bundle(tiles.encode_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=200), st.integers(1, 256))
def test_a_bundle_is_read_or_refused(data, count):
    try:
        assert len(tiles.decode_bundle(data, count)) == count
    except MalformedInput as error:
        assert "cut off" in error.message


def test_an_entry_has_at_most_65535_bytes():
    assert tiles.decode_bundle(tiles.encode_bundle([b"x" * 65_535]), 1) == [b"x" * 65_535]
    with pytest.raises(LimitExceeded):
        tiles.encode_bundle([b"x" * 65_536])


ROOT = "A" * 43 + "="


@pytest.mark.parametrize(
    "text",
    ["", "a\n0\n", "a\n01\nAA==\n", "a\n-1\nAA==\n", "a\n1\nAA==\n", f"\n1\n{ROOT}\n", f"a\n1_0\n{ROOT}\n",
     f"a\n²\n{ROOT}\n",
     f"a\n1\n{ROOT[:-2]}B=\n", f"a\n1\n{ROOT}\n\nx\n", f"a\n{'9' * 30}\n{ROOT}\n"],
)  # fmt: skip
def test_malformed_checkpoints_are_refused(text):
    assert parse_checkpoint(parse_note(f"a\n1\n{ROOT}\n\n— a AAAAAAA=\n".encode())).size == 1
    note = f"{text}\n— a AAAAAAA=\n".encode()
    with pytest.raises(AccordError):
        parse_checkpoint(parse_note(note))
