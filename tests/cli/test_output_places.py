"""Where commands write, and what reaches a terminal: nothing into a sealed report, through a link, or unescaped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accord.cli import cli
from accord.cli.output import escaped, print_file
from accord.errors import UsageError
from accord.reports.folder import check_place
from accord.subjects import REPORT_MARKER


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


@pytest.mark.parametrize(
    "call",
    [
        ("frameworks", "new", "example-act", "--out"),
        ("frameworks", "export", "oecd-ai-principles", "--out"),
        ("crosswalk", "oecd-ai-principles", "g7-hiroshima-code", "--format", "sssom", "--out"),
        ("init", ".", "--force", "--out"),
    ],
    ids=lambda call: " ".join(call[:2]),
)
def test_no_command_writes_into_a_sealed_report(tmp_path: Path, monkeypatch, call: tuple[str, ...]):
    sealed = tmp_path / "report"
    sealed.mkdir()
    (sealed / REPORT_MARKER).touch()
    (tmp_path / "way").symlink_to(sealed)
    monkeypatch.chdir(tmp_path)
    for place in (sealed / "file", tmp_path / "way" / "file"):
        done = run(*call, str(place))
        assert isinstance(done.exception, UsageError), done.output
        assert done.exception.code == "sealed-folder"
    with pytest.raises(UsageError, match="sealed report"):
        check_place(sealed / "below")
    check_place(sealed)  # a report may take the place of an earlier one
    assert [path.name for path in sealed.iterdir()] == [REPORT_MARKER]


def test_json_for_a_terminal_says_the_same_without_what_steers_it():
    said = {"title": "a\x9b31m\x7f\u202eb\u2066\ufeff\U000e0041 é \u200d\u0644"}
    shown = escaped(json.dumps(said, ensure_ascii=False).encode())
    assert json.loads(shown) == said
    assert not {*shown} & {*"\x9b\x7f\u202e\u2066\ufeff\U000e0041"}
    assert {*"é\u200d\u0644"} <= {*shown}


def test_a_file_is_harmless_on_a_terminal_and_whole_in_a_pipe(capfdbinary, monkeypatch):
    data = "\ufeffa,\x1b[31mb\r\n".encode()
    print_file(data)
    assert capfdbinary.readouterr().out == data
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_file(data)
    assert capfdbinary.readouterr().out == b"a,\\x1b[31mb\r\n"


def test_a_file_of_the_kernel_that_has_nothing_to_say_is_no_framework(tmp_path: Path, monkeypatch):
    import io

    from accord.crosswalk import open_mapping_set
    from accord.frameworks.reading import read_file
    from accord.oscal import read_bytes

    class Silent(io.FileIO):
        def read(self, size: int = -1) -> bytes | None:
            return None

    place = tmp_path / "silent"
    place.touch()
    for module in ("accord.frameworks.reading", "accord.crosswalk.library", "accord.oscal.reading"):
        monkeypatch.setattr(f"{module}.open", lambda handle, mode: Silent(handle), raising=False)
    assert read_file(place) == b""
    assert read_bytes(place) == b""
    open_mapping_set(place)
