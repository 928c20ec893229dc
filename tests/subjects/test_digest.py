import hashlib
import json
import os
import socket
import unicodedata

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import MalformedInput, UsageError
from accord.subjects import digest as digests
from accord.subjects.digest import canonical_digest, file_digest, folder_digest
from accord.subjects.paths import recorded_path


def oracle(root):
    """The contract's rule, written again as plainly as possible (names that are UTF-8, no exclusions)."""
    items = []
    for path in root.rglob("*"):
        relative = unicodedata.normalize("NFC", path.relative_to(root).as_posix())
        if path.is_symlink():
            items.append([relative, "symlink", hashlib.sha256(str(path.readlink()).encode()).hexdigest()])
        elif path.is_file():
            content = path.read_bytes()
            items.append([relative, len(content), hashlib.sha256(content).hexdigest()])
    items.sort(key=lambda item: item[0])
    return "sha256:" + hashlib.sha256(rfc8785.dumps(items)).hexdigest()


def write(root, files):
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


names = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..", "accord.toml", ".accord-report") and len(name.encode()) < 200
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        names, st.one_of(st.binary(max_size=50), st.dictionaries(names, st.binary(max_size=50), max_size=3)), max_size=5
    )
)
def test_a_folder_has_the_digest_of_the_contract(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("folder")
    spelled = [unicodedata.normalize("NFC", name) for name in tree]
    for name, content in tree.items():
        if isinstance(content, dict):
            (root / name).mkdir()
            write(root / name, content)
            if len({unicodedata.normalize("NFC", inner) for inner in content}) < len(content):
                return
        else:
            write(root, {name: content})
    if len(set(spelled)) == len(spelled):
        assert folder_digest(root).digest == oracle(root)


@given(
    st.lists(st.tuples(st.text(st.characters(blacklist_categories=["Cs"])), st.integers(0, 2**53 - 1), st.text("0af")))
)
def test_compact_json_of_lists_is_their_rfc8785_form(items):
    expected = hashlib.sha256(rfc8785.dumps([list(item) for item in items])).hexdigest()
    assert canonical_digest(items) == f"sha256:{expected}"


def test_folders_that_differ_in_anything_have_different_digests(tmp_path):
    base = {"a/model.bin": b"weights", ".git/config": b"x", "b": b""}
    variants = [
        base,
        {**base, ".git/config": b"y"},
        {**base, ".git/HEAD": b""},
        {("A/model.bin" if path.startswith("a/") else path): data for path, data in base.items()},
        {("c" if path == "b" else path): data for path, data in base.items()},
        {**base, "b": b"\0"},
        {**base, ".accord-report": b""},  # a marker at the root hides nothing
        {**base, "sub/accord.toml": b"x"},  # only the root's card is left out
    ]
    seen = {folder_digest(write(tmp_path / str(i), files)).digest for i, files in enumerate(variants)}
    assert len(seen) == len(variants)


def test_only_recorded_exclusions_are_left_out(tmp_path):
    plain = folder_digest(write(tmp_path / "plain", {"m": b"1"}))
    more = write(
        tmp_path / "more",
        {
            "m": b"1",
            "accord.toml": b"[system]",
            "out/accord-report/.accord-report": b"",
            "out/accord-report/deep/x": b"2",
        },
    )
    found = folder_digest(more)
    assert found.digest == plain.digest
    assert found.size == plain.size == 1
    assert found.excluded == ("accord.toml: the system card", "out/accord-report/: a report of Accord")
    assert {entry.path for entry in found.entries if entry.excluded} == {
        "accord.toml",
        "out/accord-report/.accord-report",
        "out/accord-report/deep/x",
    }


def test_links_are_recorded_not_followed(tmp_path):
    (tmp_path / "secret").write_text("outside")
    roots = []
    for i, held in enumerate(["../secret", "../other", "x"]):
        root = write(tmp_path / str(i), {"x": b"1"})
        (root / "link").symlink_to(held)
        assert folder_digest(root).digest == oracle(root)
        assert folder_digest(root).openssf is None
        roots.append(folder_digest(root).digest)
    assert len(set(roots)) == 3
    before = folder_digest(tmp_path / "0").digest
    (tmp_path / "secret").write_text("changed")
    assert folder_digest(tmp_path / "0").digest == before
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "self").symlink_to(".")
    assert len(folder_digest(loop).entries) == 1


def test_special_files_are_recorded_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "sock"))
        found = folder_digest(tmp_path)
    assert {entry.kind for entry in found.entries} == {"fifo", "socket"}
    items = [["pipe", "special", "fifo"], ["sock", "special", "socket"]]
    assert found.digest == "sha256:" + hashlib.sha256(rfc8785.dumps(items)).hexdigest()
    with pytest.raises(UsageError, match="regular file"):
        file_digest(tmp_path / "pipe")


def test_names_that_are_not_utf8(tmp_path):
    digest = []
    for i, name in enumerate([b"\xff", b"\xfe", b"\\xff", b"_ff"]):
        write(tmp_path / str(i), {os.fsdecode(name): b"x"})
        digest.append(folder_digest(tmp_path / str(i)).digest)
    assert len(set(digest)) == 4
    items = [["//ff", 1, hashlib.sha256(b"x").hexdigest()]]
    assert digest[0] == "sha256:" + hashlib.sha256(rfc8785.dumps(items)).hexdigest()


@given(
    st.lists(
        st.binary(min_size=1, max_size=6).filter(lambda b: b"/" not in b and b"\0" not in b), min_size=2, max_size=2
    )
)
def test_recorded_paths_differ_where_names_differ_by_more_than_normalisation(raw):
    one, two = (os.fsdecode(name) for name in raw)
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", two)
    assert (recorded_path(one) == recorded_path(two)) == same
    recorded_path(one).encode("utf-8")


def test_names_that_collide_after_normalisation_are_refused(tmp_path):
    write(tmp_path, {"caf\u00e9": b"1", "cafe\u0301": b"2"})
    with pytest.raises(MalformedInput, match="Unicode spellings"):
        folder_digest(tmp_path)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(bytes(3 << 20))

    def grow(_name, _done, _total):
        with path.open("ab") as file:
            file.write(b"more")

    step, digests._Meter.STEP = digests._Meter.STEP, 1 << 20
    try:
        with pytest.raises(UsageError, match="changed while it was read"):
            file_digest(path, grow)
        with pytest.raises(UsageError, match="changed while it was read"):
            folder_digest(tmp_path, grow)
    finally:
        digests._Meter.STEP = step


def test_a_sparse_gigabyte_is_read_in_small_memory(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    told = []
    digest, size = file_digest(tmp_path / "sparse", lambda name, done, total: told.append((done, total)))
    assert size == 1 << 30
    assert digest == "sha256:49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14"
    assert told[-1] == (1 << 30, 1 << 30)
    assert told == sorted(told)
    assert len(told) == 33


def test_missing_and_unreadable(tmp_path):
    with pytest.raises(UsageError, match="can't be read"):
        file_digest(tmp_path / "none")
    with pytest.raises(UsageError, match="can't be read"):
        folder_digest(tmp_path / "none")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError):
        file_digest(tmp_path / "link")


def test_the_openssf_root_ignores_git_and_names_but_we_do_not(tmp_path):
    one = folder_digest(write(tmp_path / "1", {"a": b"1", "b/c": b"2", ".git/x": b"3", ".gitignore": b""}))
    two = folder_digest(write(tmp_path / "2", {"a": b"1", "b/d": b"2"}))
    assert one.openssf == two.openssf
    assert one.digest != two.digest
    parts = b"".join(hashlib.sha256(data).digest() for data in (b"1", b"2"))
    assert one.openssf == "sha256:" + hashlib.sha256(parts).hexdigest()


def test_the_openssf_root_sorts_by_names_not_by_characters(tmp_path):
    found = folder_digest(write(tmp_path, {"a/x": b"1", "a-b": b"2"}))  # "-" sorts before "/", "a" before "a-b"
    parts = b"".join(hashlib.sha256(data).digest() for data in (b"1", b"2"))
    assert found.openssf == "sha256:" + hashlib.sha256(parts).hexdigest()
    assert [json.loads(json.dumps(entry.path)) for entry in found.entries] == ["a-b", "a/x"]
