"""The command line speaks: by option, by variable, by locale; what it signs stays the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accord import i18n
from accord.cli import COMMANDS, cli
from accord.errors import UsageError

TABLE = "group,label,said\n" + "".join(
    f"{group},{label},{said}\n"
    for i in range(120)
    for group, label, said in (("a", i % 2, i % 3 == 0), ("b", i % 2, 1))
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    i18n.catalogue_of.cache_clear()
    i18n.use_language("en")


USAGE = "Utilisation\N{NO-BREAK SPACE}:"


def run(*words: str, **environment: str) -> Result:
    # What an earlier test chose is no one's choice here.
    bare: dict[str, str | None] = dict.fromkeys(("ACCORD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    return CliRunner().invoke(cli, list(words), prog_name="accord", env=bare | environment, standalone_mode=False)


def test_the_list_says_how_complete_each_is() -> None:
    found = run("languages", "--json")
    languages = {item["code"]: item for item in json.loads(found.output)["languages"]}
    assert languages["en"]["name"] == "English"
    arabic = languages["ar"]
    assert arabic["direction"] == "rtl" and arabic["name"] == "العربية" and arabic["reviewed_by"] is None
    assert 0 < arabic["translated"] <= arabic["total"]
    shown = run("languages").output
    assert f"{100 * arabic['translated'] // arabic['total']} %" in shown and "not reviewed by a speaker" in shown


def test_check_fails_on_a_wrong_translation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("languages", "--check").return_value == 0
    place = i18n._LOCALE
    for name in ("accord.pot", "fr.po"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    text = (tmp_path / "fr.po").read_text(encoding="utf-8")
    wrong = text.replace(
        'msgid "Nothing was assessed."\nmsgstr "', 'msgid "Nothing was assessed."\nmsgstr "{0.__class__}'
    )
    assert wrong != text
    (tmp_path / "fr.po").write_text(wrong, encoding="utf-8")
    monkeypatch.setattr(i18n, "_LOCALE", tmp_path)
    i18n.catalogue_of.cache_clear()
    found = run("languages", "--check", "--json")
    assert found.return_value == 1
    (mistake,) = json.loads(found.output)["mistakes"]["fr"]
    assert mistake.startswith("'Nothing was assessed.'")
    printed = run("languages", "--check")
    assert printed.return_value == 1 and "1 mistake." in printed.output


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--lang", "fr", "languages"], {}),
        (["languages", "--lang", "fr"], {}),
        (["--lang=ru", "languages", "--lang=fr"], {"ACCORD_LANG": "de"}),
        (["languages"], {"ACCORD_LANG": "fr", "LANG": "de_DE.UTF-8"}),
        (["languages"], {"LANG": "fr_CA.UTF-8"}),
        (["languages", "--lang", "fr-BE"], {}),
    ],
)
def test_where_the_language_is_chosen(words: list[str], environment: dict[str, str]) -> None:
    run(*words, **environment)
    assert i18n.current_language() == "fr"


def test_one_call_does_not_choose_for_the_next() -> None:
    run("--lang", "fr", "languages")
    run("languages")
    assert i18n.current_language() == "en"


@pytest.mark.parametrize("words", [["--lang", "tlh", "languages"], ["languages", "--lang", "tlh"]])
def test_an_unknown_language_names_those_there_are(words: list[str]) -> None:
    error = run(*words).exception
    assert isinstance(error, UsageError) and error.code == "unknown-language"
    assert "ar, de, es, fr, pt, ru, sw, zh" in error.remedy
    assert isinstance(run("languages", ACCORD_LANG="tlh").exception, UsageError)


def test_help_is_translated_where_it_is_shown() -> None:
    french = run("--lang", "fr", "--help").output
    assert USAGE in french and "Mesurer un système, le juger, signer le résultat." in french
    assert "Afficher ce message et terminer." in french and "Measure" not in french
    assert run("--help", LANG="fr_FR").output == french
    command = run("languages", "--lang", "fr", "--help").output
    assert USAGE in command and "Parler cette langue" in command
    again = run("languages", "--help").output
    assert "Usage:" in again and "Show this message and exit." in again and "Utilisation" not in again


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_option(name: str) -> None:
    found = run(name, "--lang", "fr", "--help")
    assert found.exit_code == 0 and "--lang" in found.output and USAGE in found.output


def test_a_wrong_call_is_answered_in_the_language_too(tmp_path: Path) -> None:
    environment = {**os.environ, "ACCORD_LANG": "fr"}
    found = subprocess.run(
        [sys.executable, "-m", "accord", "verify", str(tmp_path / "none")],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 2
    assert USAGE in found.stderr and "Valeur incorrecte" in found.stderr
    assert "n'existe pas." in found.stderr and "--help" in found.stderr


def test_the_record_is_the_same_in_every_language(tmp_path: Path) -> None:
    """Beside times, a run under another language makes the same bytes: what is signed has one language."""
    table = tmp_path / "decisions.csv"
    table.write_text(TABLE, encoding="utf-8")
    card = tmp_path / "accord.toml"
    card.write_text(
        '[system]\nname = "Decisions"\n[data]\nlabel = {column = "label", positive = 1}\n'
        'prediction = {column = "said", positive = {op = "==", value = 1}}\nsensitive = ["group"]\n',
        encoding="utf-8",
    )
    seen = {}
    for code in ("en", "en", "ar", "fr"):  # the first one measures, the others reuse what it measured
        out = tmp_path / f"report-{code}"
        found = run(
            "--lang", code, "assess", str(table), "--card", str(card), "--framework", "eu-ai-act", "--out", str(out)
        )
        assert found.return_value == 0, found.output
        record = re.sub(
            rb'"(started|(?:cpu_)?seconds)":\s*("[^"]*"|[0-9.e+-]+)', b"", (out / "assessment.json").read_bytes()
        )
        page = (out / "report.html").read_text(encoding="utf-8")
        seen[code] = (record, page, found.output)
    assert seen["en"][0] == seen["ar"][0] == seen["fr"][0]
    assert b"240 rows of data" in seen["ar"][0]
    assert '<html lang="ar" dir="rtl">' in seen["ar"][1] and "240 صفًا من البيانات" in seen["ar"][1]
    assert "240 lignes de données" in seen["fr"][1] and "240 lignes de données" in " ".join(seen["fr"][2].split())
    assert run("verify", str(tmp_path / "report-ar"), "--lang", "fr").return_value == 0
