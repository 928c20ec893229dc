"""Folders that hold what no folder should: links, pipes, names that attack, files that change, files without end."""

from __future__ import annotations

import os
import pty
import re
import socket
import stat
import sys
import threading
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from accord.errors import UsageError
from accord.subjects import open_target

TABLE = b"a,b\n" + b"1,2\n" * 40
MARKUP = re.compile(r"<script>alert|<img src=x|LICENSE<b>")


AT_A_TERMINAL = """
import os, sys
terminal = int(sys.argv[1])
os.dup2(terminal, 1)
os.dup2(terminal, 2)
os.execv(sys.executable, [sys.executable, "-m", "accord", *sys.argv[2:]])
"""


def controls(text: str) -> set[str]:
    """Characters that steer a terminal or turn a line around."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t\r"}


def on_a_terminal(accord: Any, *arguments: str | bytes) -> str:
    """Return what a person at a terminal would be sent (a pipe would not do: some libraries strip escapes there)."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # EIO, once nobody holds the other end
            while part := os.read(ours, 1 << 16):
                shown.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        accord(*arguments, program=(sys.executable, "-c", AT_A_TERMINAL, str(theirs)), pass_fds=(theirs,))
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
    return b"".join(shown).decode("utf-8", "backslashreplace")


def own_escapes_removed(text: str) -> str:
    """Our own colours (SGR) are no attack."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_links_and_special_files_are_recorded_never_opened(assess: Any, folder: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"SECRETCOLUMN,b\n" + b"SECRETVALUE,2\n" * 40)
    secret.chmod(0o600)
    root = folder({"table.csv": TABLE})
    for name, to in {
        "leak.csv": str(secret),
        "LICENSE": str(secret),
        "model.pkl": "/etc/passwd",
        "loop": "loop",
        "up": "..",
        "none": "nowhere",
    }.items():
        (root / name).symlink_to(to)
    for name in ("pipe.csv", "README.md", "pyproject.toml"):
        os.mkfifo(root / name)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(root / "s.pkl"))
        if os.getuid() == 0:
            os.mknod(root / "device.gguf", stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero
        ran = assess(root)
    assert ran.status == 0
    assert {part["path"] for part in ran.record["subject"]["parts"]} == {"", "table.csv"}
    assert "SECRET" not in str(ran.record)
    noted = " ".join(ran.record["subject"]["excluded"])
    assert all(name in noted for name in ("leak.csv", "LICENSE", "loop", "pipe.csv", "s.pkl"))
    for name in ("pipe.csv", "loop", "none"):
        assert assess(root / name, most_seconds=20).status == 2


@pytest.mark.parametrize("to", ["/etc/passwd", "accord.toml", "/dev/zero", "pipe"])
def test_a_card_that_is_a_link_or_a_pipe_is_not_read(assess: Any, folder: Any, to: str) -> None:
    root = folder({"table.csv": TABLE})
    if to == "pipe":
        os.mkfifo(root / "accord.toml")
    else:
        (root / "accord.toml").symlink_to(to)
    ran = assess(root, most_seconds=20)
    assert ran.status == 2
    assert "accord.toml" in ran.err


def test_init_does_not_write_through_a_link(accord: Any, folder: Any, tmp_path: Path) -> None:
    root = folder({"table.csv": TABLE})
    (root / "accord.toml").symlink_to(tmp_path / "outside")
    assert accord("init", str(root)).status == 2
    assert not (tmp_path / "outside").exists()
    assert accord("init", str(root), "--force").status == 0
    assert not (tmp_path / "outside").exists()
    assert (root / "accord.toml").is_file() and not (root / "accord.toml").is_symlink()


NAMES = [
    b"\xff\xfe.pkl",
    b"\x1b[2J\x1b]0;owned\x07.csv",
    "\u202egnp.csv".encode(),
    b"<script>alert(1)<.csv",
    b"a\nb.csv",
    b"n" * 251 + b".csv",
    b"-rf.csv",
    b"{0.__class__}.csv",
    b"[red]x[bold].csv",
    b"%s%n.csv",
    b"=cmd|calc.csv",
    b"LICENSE<b>",
]


def test_names_of_files_that_attack(assess: Any, accord: Any, tmp_path: Path) -> None:
    root = tmp_path / "target"
    root.mkdir()
    for name in NAMES:
        (root / os.fsdecode(name)).write_bytes(TABLE)
    ran = assess(root)
    assert ran.status == 0
    assert any("//ff//fe.pkl" in text for text in ran.record["subject"]["excluded"])
    page = (ran.report / "report.html").read_text()
    assert not MARKUP.search(page)
    assert not controls(page)
    summary = own_escapes_removed(on_a_terminal(accord, "assess", str(root), "--out", str(tmp_path / "report")))
    assert "accord verify" in summary
    assert not controls(summary)
    drafted = on_a_terminal(accord, "init", str(root), "--out", "-")
    assert "[system]" in drafted
    assert not controls(drafted)


@pytest.mark.parametrize("name", [b"\xff\xfe.pkl", b"\x1b[2J\x1b]0;owned\x07.csv", b"n" * 251 + b".csv", b"{0}%s.csv"])
def test_one_file_whose_name_attacks(assess: Any, tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(TABLE)
    ran = assess(os.fsencode(path))
    assert not controls(ran.err)
    assert ran.status == (2 if b"\xff" in name else 0)  # a record can't name it


ERRORS = [
    ("assess", "\x1b[2J\u202e"),
    ("compare", "\x1b[2J", "\u202e"),
    ("verify", "\x1b[2J"),
    ("assess", ".", "--jurisdiction", "\x1b[2J"),
    ("assess", ".", "--framework", "\x1b[2J/x.yaml"),
    ("assess", ".", "--only", "\x1b[2J"),
    ("explain", "\x1b[2J"),
    ("\x1b[2J",),
]


@pytest.mark.parametrize("arguments", ERRORS, ids=lambda arguments: arguments[0].encode("unicode_escape").decode())
def test_an_error_shows_no_control_characters(accord: Any, arguments: tuple[str, ...]) -> None:
    assert not controls(on_a_terminal(accord, *arguments))


def test_columns_and_cards_that_attack_a_page_and_a_terminal(
    assess: Any, accord: Any, folder: Any, tables: Any, tmp_path: Path
) -> None:
    def quoted(text: str) -> str:
        return '"' + "".join(f"\\u{ord(c):04x}" if not c.isprintable() else c for c in text).replace('"', '\\"') + '"'

    names = [name for name in tables.NAMES if name != tables.FORMULA]
    card = f"""
[system]
name = {quoted(tables.SCRIPT + tables.ANSI + tables.BIDI)}
purpose = {quoted("{0.__class__}{{7*7}}[red]" + tables.BIDI)}
[data]
file = "table.parquet"
label = {{ column = {quoted(names[0])}, positive = 1 }}
prediction = {{ column = {quoted(names[1])}, positive = {{ op = "==", value = 1 }} }}
sensitive = [{quoted(names[2])}, {quoted(names[3])}]
[answers]
{quoted(tables.SCRIPT)} = {quoted(tables.ANSI)}
"""
    import pyarrow as pa

    values = {name: pa.array([0, 1, 1, 0] * 50) for name in names}
    values[names[2]] = pa.array([tables.SCRIPT, tables.ANSI] * 100)
    root = folder({"table.parquet": tables.parquet(values), "accord.toml": card.encode()})
    ran = assess(root)
    assert ran.status == 0
    assert [item["status"] for item in ran.evidence()["table.parquet"] if item["inspector"] == "fairness.groups"] == [
        "measured"
    ]
    page = (ran.report / "report.html").read_text()
    assert not MARKUP.search(page)
    assert not controls(page)
    assert "owned" in page  # it is shown, as text
    summary = own_escapes_removed(on_a_terminal(accord, "assess", str(root), "--out", str(tmp_path / "report")))
    assert "accord verify" in summary
    assert not controls(summary)


CARDS = {
    "names code": ('[model]\nfile = "os:system"', "model.file"),
    "leads to a parent": ('[data]\nfile = "../table.csv"', "data.file"),
    "is absolute": ('[documents]\nreadme = "/etc/passwd"', "documents.readme"),
    "names an address": ('[data]\nfile = "http://127.0.0.1:{port}/x.csv"', "data.file"),
    "has unknown keys": ('[system]\nnaem = "x"\n[evil]\n"a\u202eb" = 1', "system.naem"),
    "nests deeply": ("a = " + "[" * 20_000 + "]" * 20_000, "accord.toml"),
    "has a long key": (".".join(["a"] * 50_000) + " = 1", "accord.toml"),
    "has endless digits": ("[data]\nlabel = { column = 'a', positive = " + "9" * 5000 + " }", "accord.toml"),
    "is not finite": ("[model.training]\ntokens = nan", "model.training.tokens"),
    "is large": ("[system]\nname = '" + "x" * 300_000 + "'", "accord.toml"),
}


@pytest.mark.parametrize("what", CARDS)
def test_a_card_that(assess: Any, folder: Any, trap: Any, what: str) -> None:
    text, named = CARDS[what]
    root = folder({"table.csv": TABLE, "accord.toml": text.replace("{port}", str(trap.port)).encode()})
    ran = assess(root)
    assert ran.status == 2
    assert named in ran.err
    assert not controls(ran.err)


def test_a_card_with_an_address_for_its_endpoint_calls_nobody(assess: Any, folder: Any, trap: Any) -> None:
    card = f'[endpoint]\nurl = "http://127.0.0.1:{trap.port}/v1"\nmodel = "m"\nkind = "openai"\n'
    assert assess(folder({"table.csv": TABLE, "accord.toml": card.encode()})).status == 0


FRAMEWORKS = {
    "bomb": b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
    "deep": b"[" * 100_000,
    "code": b'!!python/object/apply:os.system ["touch TRAP"]',
    "large": b"a: " + b"x" * (5 << 20),
    "control": b"\0\1\2",
    "escapes": b'id: "\\e[2J"\ntitle: "\\u202e"\n',
}


@pytest.mark.parametrize("what", [*FRAMEWORKS, "pipe"])
def test_a_hostile_framework_file(assess: Any, folder: Any, trap: Any, what: str) -> None:
    root = folder({"table.csv": TABLE})
    file = root.parent / "f.yaml"
    if what == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes(FRAMEWORKS[what].replace(b"TRAP", str(trap.file).encode()))
    ran = assess(root, "--framework", str(file), most_seconds=20)
    assert ran.status == 2
    assert "f.yaml" in ran.err
    assert not controls(ran.err)


def test_a_target_that_changes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLE)
    with open_target(str(path)) as target:
        assert not target.has_changed(target.subject.parts[0])
    with pytest.raises(UsageError, match=r"table\.csv changed while it was assessed"), open_target(str(tmp_path)):
        path.write_bytes(TABLE.replace(b"1", b"3"))
    with pytest.raises(UsageError, match="changed while"), open_target(str(tmp_path)):
        (tmp_path / "other.csv").write_bytes(path.read_bytes())
        (tmp_path / "other.csv").replace(path)
    with pytest.raises(UsageError, match="changed while"), open_target(str(path)):
        path.unlink()


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_files_without_permission_are_named(assess: Any, folder: Any) -> None:
    root = folder({"table.csv": TABLE, "closed.pkl": b"x"})
    (root / "closed.pkl").chmod(0)
    ran = assess(root)
    assert ran.status == 2
    assert "closed.pkl" in ran.err


def test_places_that_can_not_be_written_are_named(accord: Any, folder: Any, tmp_path: Path) -> None:
    root = folder({"table.csv": TABLE})
    taken = tmp_path / "file"
    taken.write_bytes(b"")
    ran = accord("assess", str(root), "--out", str(taken / "report"), system_errors=True)
    assert ran.status == 2
    assert str(taken) in ran.err


def test_a_very_deep_path(assess: Any, folder: Any) -> None:
    root = folder({"table.csv": TABLE})
    here = os.open(root, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("n" * 200, dir_fd=here)
        below = os.open("n" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    ran = assess(root)
    assert ran.status == 2
    assert "too long" in ran.err


def many(root: Path, files: int) -> Path:
    for number in range(files):
        if number % 1000 == 0:
            (root / str(number // 1000)).mkdir()
        (root / str(number // 1000) / str(number)).write_bytes(b"%d" % number)
    return root


@pytest.mark.parametrize("files", [3000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_very_many_files(assess: Any, folder: Any, files: int) -> None:
    ran = assess(many(folder({}), files))
    assert ran.seconds < 60


@pytest.mark.soak
def test_very_many_models(assess: Any, folder: Any, models: Any, trap: Any) -> None:
    files = {f"{number}.pkl": models.system_pickle(f"{trap.file}{number}") for number in range(3000)}
    ran = assess(folder(files), most_seconds=180)
    assert len(ran.record["subject"]["parts"]) == 2000
    assert "1001 more" in " ".join(ran.record["subject"]["excluded"])
