import contextlib
import io
import os
import stat
import struct
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.subjects.archive import Limits, unpack


def make_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def make_tar(path, entries, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for entry, data in entries:
            info = entry if isinstance(entry, tarfile.TarInfo) else tarfile.TarInfo(entry)
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data))
    return path


def tree(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "private" / "into"
    folder.mkdir(parents=True)
    return folder


FILES = [("a.txt", b"1"), ("d/e/f.bin", b"2" * 3_000_000), ("d/empty", b"")]


@pytest.mark.parametrize("kind", ["zip", "w", "w:gz"])
def test_plain_archives(tmp_path, into, kind):
    archive = tmp_path / "x"
    make_zip(archive, FILES) if kind == "zip" else make_tar(archive, FILES, kind)
    assert unpack(archive, into) == ()
    assert tree(into) == dict(FILES)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in into.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_concatenated_gzip_members(tmp_path, into):
    import gzip

    plain = make_tar(tmp_path / "t", FILES, "w").read_bytes()
    half = len(plain) // 2
    (tmp_path / "x").write_bytes(gzip.compress(plain[:half]) + gzip.compress(plain[half:]))
    assert unpack(tmp_path / "x", into) == ()
    assert tree(into) == dict(FILES)


HOSTILE = ["../up", "/abs", "a/../../up", "C:\\x", "..\\up", "a\\..\\b", "x\ny", "a//b", "./../up", "a/./b", "n" * 300]


@pytest.mark.parametrize("kind", ["zip", "w", "w:gz"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, into, kind):
    archive = tmp_path / "x"
    entries = [(name, b"evil") for name in HOSTILE] + [("good", b"1")]
    make_zip(archive, entries) if kind == "zip" else make_tar(archive, entries, kind)
    refused = unpack(archive, into)
    assert tree(into) == {"good": b"1"}
    assert len(refused) == len(HOSTILE)
    assert {path.name for path in into.parent.iterdir()} == {"into"}
    assert {path.name for path in tmp_path.iterdir()} == {"x", "private"}
    assert all(name.isprintable() for name in refused)


def test_links_and_devices_in_a_tar_are_refused(tmp_path, into):
    entries = []
    for name, kind in [("s", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("c", tarfile.CHRTYPE), ("p", tarfile.FIFOTYPE)]:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        entries.append((info, b""))
    refused = unpack(make_tar(tmp_path / "x", [*entries, ("s/inner", b"1"), ("good", b"2")]), into)
    assert refused == (
        "s: is a symbolic link",
        "h: is a hard link",
        "c: is not a regular file",
        "p: is not a regular file",
    )
    assert tree(into) == {"s/inner": b"1", "good": b"2"}


def test_links_in_a_zip_are_refused(tmp_path, into):
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert unpack(make_zip(tmp_path / "x", [(info, b"/etc/passwd"), ("good", b"")]), into) == (
        "link: is a symbolic link",
    )
    assert tree(into) == {"good": b""}


def test_duplicates_and_clashes_are_refused(tmp_path, into):
    entries = [("a", b"1"), ("a", b"2"), ("a/b", b"3"), ("d/e", b"4"), ("d", b"5")]
    refused = unpack(make_tar(tmp_path / "x", entries), into)
    assert tree(into) == {"a": b"1", "d/e": b"4"}
    assert len(refused) == 3


def test_encrypted_and_rare_entries_are_refused(tmp_path, into):
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        archive.writestr("rare", b"x", zipfile.ZIP_LZMA)
        archive.writestr("locked", b"x")
        archive.infolist()[1].flag_bits |= 1
    refused = unpack(tmp_path / "x", into)
    assert refused == ("rare: uses a rare compression", "locked: is encrypted")


@pytest.mark.parametrize("kind", ["zip", "w:gz"])
def test_bombs(tmp_path, into, kind):
    archive = tmp_path / "x"
    entries = [("zeros", bytes(80 << 20))]
    make_zip(archive, entries) if kind == "zip" else make_tar(archive, entries, kind)
    with pytest.raises(LimitExceeded, match="times its size"):
        unpack(archive, into)
    with pytest.raises(LimitExceeded, match="bytes"):
        unpack(archive, into.parent, Limits(total=1 << 20))


def test_a_refused_entry_of_a_tar_is_no_way_around_the_limit(tmp_path, into):
    with pytest.raises(LimitExceeded, match="times its size"):
        unpack(make_tar(tmp_path / "x", [("../zeros", bytes(80 << 20)), ("good", b"1")]), into)


def test_limits_of_entries_and_depth(tmp_path, into):
    archive = make_zip(tmp_path / "x", [(f"f{i}", b"") for i in range(20)])
    with pytest.raises(LimitExceeded, match="entries"):
        unpack(archive, into, Limits(entries=10))
    with pytest.raises(LimitExceeded, match="directory"):
        unpack(archive, into, Limits(directory=100))
    deep = make_tar(tmp_path / "y", [("d/" * 50 + "f", b"")])
    assert "folders deep" in unpack(deep, into.parent)[0]


def test_a_header_that_claims_gigabytes_is_refused(tmp_path, into):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 6 << 30
    (tmp_path / "x").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2 << 20))
    with pytest.raises(LimitExceeded, match="header"):
        unpack(tmp_path / "x", into)


def test_a_chain_of_headers_does_not_exhaust_the_stack(tmp_path, into):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 0
    (tmp_path / "x").write_bytes(info.tobuf(tarfile.GNU_FORMAT) * 20_000)
    with pytest.raises(MalformedInput):
        unpack(tmp_path / "x", into)


def test_a_gzip_header_without_end_is_quick(tmp_path, into):
    (tmp_path / "x").write_bytes(b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (30 << 20))
    with pytest.raises(MalformedInput):
        unpack(tmp_path / "x", into)


def damaged(data, cut, at, value):
    data = bytearray(data[: max(1, len(data) - cut)])
    data[at % len(data)] = value
    return bytes(data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["zip", "w", "w:gz"]), st.integers(0, 600), st.integers(0, 10_000), st.integers(0, 255))
def test_damaged_archives_give_accord_errors(tmp_path_factory, kind, cut, at, value):
    folder = tmp_path_factory.mktemp("damaged")
    archive, into = folder / "x", folder / "into"
    into.mkdir()
    entries = [("a", os.urandom(50)), ("b/c", b"text" * 50)]
    make_zip(archive, entries) if kind == "zip" else make_tar(archive, entries, kind)
    archive.write_bytes(damaged(archive.read_bytes(), cut, at, value))
    try:
        unpack(archive, into)
    except AccordError as error:
        assert "the archive x" in error.message
    assert {path.name for path in folder.iterdir()} == {"x", "into"}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b""]), st.binary(max_size=600))
def test_noise_gives_accord_errors(tmp_path_factory, head, noise):
    folder = tmp_path_factory.mktemp("noise")
    (folder / "x").write_bytes(head + noise)
    (folder / "into").mkdir()
    with contextlib.suppress(AccordError):
        unpack(folder / "x", folder / "into")
    assert {path.name for path in folder.iterdir()} == {"x", "into"}


def test_overlapping_zip_entries_count_every_time(tmp_path, into):
    """Many directory entries that point at one body, as in Fifield's bomb."""
    inner = make_zip(tmp_path / "inner", [("f", bytes(8 << 20))]).read_bytes()
    end = inner.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<I", inner, end + 16)[0]
    entry = inner[start:end]
    directory = b"".join(entry[:-1] + bytes([97 + i]) for i in range(20))
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 20, 20, len(directory), start, 0)
    (tmp_path / "x").write_bytes(inner[:start] + directory + tail)
    with pytest.raises(AccordError):
        unpack(tmp_path / "x", into)
