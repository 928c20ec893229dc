"""`accord tier` and `accord init --ask`: from a card or a report to classes, questions and answers."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.cli.asking import Said, ask, read_amount
from accord.cli.tier import facts_of
from accord.errors import UsageError
from accord.frameworks import library, load, select
from accord.records import Assessment, FrameworkReference, Subject, Summary, to_json
from accord.records.assessment import Environment
from accord.records.card import Card
from accord.subjects import read_card

COMPAS = Path(__file__).parents[2] / "examples" / "compas" / "accord.toml"


def run(*arguments, error=None):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
    if error is None:
        if result.exception:
            raise result.exception
        return result
    assert isinstance(result.exception, UsageError), result.exception
    assert result.exception.code == error
    return result


def card(tmp_path, text):
    path = tmp_path / "accord.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_compas_card_is_undetermined_and_says_what_decides():
    result = run("tier", COMPAS, "--framework", "eu-ai-act")
    text = " ".join(result.output.split())
    assert "EU AI Act: undetermined: prohibited practice (Article 5) or high risk (Article 6)" in text
    assert "not known Does that risk assessment rest solely on profiling" in text
    assert "yes → prohibited practice (Article 5) [eu-offending-solely_profiling]" in text
    assert "not legal advice" in text


def test_as_json_with_the_questions_in_the_order_to_ask_them(tmp_path):
    path = card(tmp_path, "[answers]\neu-annex_iii-4-a = true\n")
    found = json.loads(run("tier", path, "--framework", "eu-ai-act", "--json").output)
    assert [tier["scheme"] for tier in found["tiers"]] == ["", "model"]
    asked = [question["id"] for question in found["questions"]]
    assert asked[:3] == ["eu-art_2", "eu-art_5", "eu-offending"]
    assert "eu-annex_iii" not in asked
    assert asked.index("eu-profiling") < asked.index("eu-art_50")  # which only counts if the hiring tool is exempt
    assert all(question["text"] and question["source"] for question in found["questions"])


def test_the_compute_on_the_card_counts(tmp_path):
    text = "[model.training]\nflop = [7e24, 1.5e25]\n[answers]\neu-gpai = true\neu-gpai-generates = true\n"
    path = card(tmp_path, text + "eu-gpai-systemic = false\n")
    result = run("tier", tmp_path, "--framework", "eu-ai-act")
    text = " ".join(result.output.split())
    assert "1e25 FLOP lies inside the stated range 7e24–1.5e25 of training compute" in text
    assert "[in the card: model.training.flop = 3e23, or [3e23, 9e24]]" in text
    assert path.is_file()


def test_where_a_card_says_that_it_is_used_decides_under_what_it_is_classified(tmp_path):
    card(tmp_path, '[system]\njurisdictions = ["KR", "BR"]\n')
    found = json.loads(run("tier", tmp_path, "--json").output)
    assert {tier["framework"] for tier in found["tiers"]} == {"kr-ai-basic-act", "br-pl-2338"}


def test_a_report_is_classified_as_its_card_under_its_frameworks(tmp_path):
    act = load("eu-ai-act")
    reference = FrameworkReference(
        id=act.id, version=act.version, title=act.title, jurisdiction="EU", status="stable", digest="sha256:0"
    )
    record = Assessment(
        version="0.1",
        subject=Subject(name="s", digest="sha256:0", parts=()),
        card=Card(answers={"eu-art_2": False, "eu-art_5-c": True}),
        card_digest="sha256:0",
        card_source="assessor",
        evidence=(),
        verdicts=(),
        tiers=(),
        frameworks=(reference,),
        summary=Summary(
            checked="",
            worst="",
            certainty="",
            unchecked="",
            findings={},
            verdicts={},
            coverage=(),
            measured=0,
            skipped=0,
            failed=0,
        ),
        environment=Environment(accord="0", python="3", platform="p", started="", seconds=0.0, cores=1),
    )
    path = tmp_path / "assessment.json"
    path.write_bytes(to_json(record))
    found = json.loads(run("tier", path, "--json").output)
    first = found["tiers"][0]
    assert (first["framework"], first["tier"]) == ("eu-ai-act", "prohibited")
    assert first["reasons"][0].startswith("Art. 5(1)(c) applies: Does it rate people over time")


def test_what_is_wrong_is_said_with_its_remedy(tmp_path):
    run("tier", tmp_path, error="no-card")
    path = card(tmp_path, "")
    run("tier", path, "--framework", "iso-iec-42001", error="no-classes")
    run("tier", path, "--framework", "eu-ai-act", "--ask", error="no-terminal")
    run("init", tmp_path, "--ask", error="no-terminal")
    run("tier", path, "--framework", "eu-ai-act", "--out", path, error="nothing-to-write")


class Person:
    """Answers by question id; what isn't listed is "no". Keeps what was shown."""

    def __init__(self, *lines, **answers):
        self.lines, self.answers, self.shown, self.asked = list(lines), answers, [], []

    def write(self, text):
        self.shown.append(text)

    def read(self, prompt):
        question = self.shown_id()
        self.asked.append(question)
        if self.lines:
            line = self.lines.pop(0)
            if line is None:
                raise EOFError
            return line + "\n"
        return self.answers.get(question.replace("-", "_"), "d" if "." in question else "no") + "\n"

    def shown_id(self):
        return next(line for line in reversed(self.shown) if " · " in line).rpartition(" · ")[2]

    def asked_by(self, *frameworks, card=None):
        return ask(card or Card(), [load(name) for name in frameworks], facts_of, read=self.read, write=self.write)


def test_a_spam_filter_takes_seven_answers():
    person = Person()
    said = person.asked_by("eu-ai-act")
    assert said.answers == dict.fromkeys(person.asked, False)
    assert len(person.asked) <= 8
    assert "→ EU AI Act: none of the regulated classes (minimal risk)" in person.shown


def test_a_yes_to_a_prohibition_ends_the_asking_about_it():
    person = Person(eu_art_5="y", eu_gpai="no")
    said = person.asked_by("eu-ai-act")
    assert set(said.answers) == {"eu-art_2", "eu-art_5", "eu-gpai"}


def test_what_one_framework_asked_another_does_not_ask_again():
    person = Person(eu_gpai="yes", eu_gpai_generates="yes", model_training_flop="3e23..9e24")
    person.answers["model.training.flop"] = "3e23..9e24"
    said = person.asked_by("eu-gpai-code", "eu-ai-act")
    assert len(person.asked) == len(set(person.asked))
    assert said.flop == (3e23, 9e24)


def test_help_back_and_stop():
    person = Person("?", "nonsense", "yes", "b", "no", "s")
    said = person.asked_by("kr-ai-basic-act")
    assert said.answers == {"kr-serious": False}
    assert any("There is no more to say" in line for line in person.shown)
    assert any("That wasn't understood." in line for line in person.shown)
    assert Person(None).asked_by("kr-ai-basic-act") == Said()


def test_who_does_not_know_is_asked_the_narrower_questions():
    person = Person(pe_23="d", pe_24="no")
    person.asked_by("pe-ds-115-2025-pcm")
    letters = ["pe-23-a", "pe-23-b", "pe-23-c", "pe-23-d", "pe-23-e", "pe-23-f"]
    assert person.asked == ["pe-23", *letters, "pe-24"]
    assert "→ Peru: regulation of the AI law (DS 115-2025-PCM): acceptable risk (Article 22.2)" in person.shown


def test_who_knows_nothing_comes_to_an_end():
    person = Person()
    person.answers = dict.fromkeys((q.id.replace("-", "_") for f in library() for q in f.questions), "d")
    person.answers["model.training.flop"] = "d"
    said = person.asked_by("eu-ai-act", "kr-ai-basic-act", "us-ca-sb-53", "ca-directive-adm")
    assert said.answers == {}
    assert len(person.asked) == len(set(person.asked)) == len(said.unknown)


def test_answers_that_contradict_each_other_are_asked_again_once():
    person = Person()
    contradicting = Card(answers={"eu-art_2": False, "eu-annex_iii": False, "eu-annex_iii-4-a": True})
    said = person.asked_by("eu-ai-act", card=contradicting)
    assert said.answers["eu-annex_iii"] is said.answers["eu-annex_iii-4-a"] is False
    assert len(person.asked) == len(set(person.asked))
    assert "→ EU AI Act: none of the regulated classes (minimal risk)" in person.shown


def test_an_answer_in_words_is_asked_for_again():
    person = Person(kr_serious="no")
    said = person.asked_by("kr-ai-basic-act", card=Card(answers={"kr-serious": "not sure", "kr-area": True}))
    assert said.answers["kr-serious"] is False


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("3e23", 3e23),
        ("3e23 9e24", (3e23, 9e24)),
        ("3e23..9e24", (3e23, 9e24)),
        ("3e23–9e24", (3e23, 9e24)),
        ("1e3 to 2e3", (1e3, 2e3)),
        ("9e24 3e23", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1 2 3", None),
        ("", None),
        ("much", None),
        ("9" * 5000, None),
    ],
)
def test_amounts_as_people_write_them(text, amount):
    assert read_amount(text) == amount


def at_a_terminal(typed, *arguments):
    """Run the command line in a pseudo-terminal with these lines typed; return what it prints, or fail."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "accord.cli", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(theirs)
    os.write(ours, typed)
    try:
        output, shown = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 0, shown
    return output.decode(), shown.decode()


def test_asked_at_a_terminal_and_written_into_the_card(tmp_path):
    path = card(tmp_path, "# mine\n[answers]\nvn-high = false  # sure\n")
    output, _ = at_a_terminal(b"?\nyes\n", "tier", path, "--framework", "vn-ai-law", "--ask", "--out", path)
    assert "medium risk" in output
    assert path.read_text("utf-8") == "# mine\n[answers]\nvn-high = false  # sure\nvn-medium = true\n"


def test_a_card_is_drafted_with_the_answers_given_at_a_terminal(tmp_path):
    typed = b"y\nn\nn\n8e25 2e26\ny\ns\n"
    _, shown = at_a_terminal(typed, "init", tmp_path, "--jurisdiction", "KR", "--ask")
    drafted = read_card(tmp_path / "accord.toml")
    said = {"kr-serious": True, "kr-area": False, "kr-generative": False, "kr-frontier_technology": True}
    assert drafted.answers == said
    assert drafted.model.training.flop == (8e25, 2e26)
    assert "not high-impact" in shown


def test_a_drafted_card_asks_what_its_jurisdictions_want_to_know(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n", "utf-8")
    run("init", tmp_path, "--jurisdiction", "eu,KR")
    text = (tmp_path / "accord.toml").read_text("utf-8")
    drafted = read_card(text.encode())
    assert drafted.system.jurisdictions == ("EU", "KR")
    assert drafted.answers == {}
    asked = re.findall(r"^# (\S+) = \?  # .+ \[.+\]$", text, re.MULTILINE)
    known = {question.id for framework in select((), ["EU", "KR"]) for question in framework.questions}
    assert set(asked) <= known
    assert len(asked) == len(set(asked))
    assert {"eu-art_5", "kr-area", "eu-gpai", "eu-special_categories"} <= set(asked)
    assert "eu-art_5-c" not in asked  # only the widest
    assert asked.index("kr-area") < asked.index("eu-special_categories")  # what decides on a class comes first
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text.replace("# eu-art_5 = ?", "eu-art_5 = ?"))  # unread, it is a mistake, not an answer


def test_without_a_jurisdiction_the_draft_asks_for_the_union_and_states_none(tmp_path):
    text = run("init", tmp_path, "--out", "-").output
    assert "# eu-art_5 = ?" in text
    assert read_card(text.encode()).system.jurisdictions == ()


def test_an_answer_that_nobody_asks_for_is_named(tmp_path):
    from click.testing import CliRunner

    from accord.cli import cli

    path = card(tmp_path, "[answers]\neu-anex_iii = true\n")
    done = CliRunner().invoke(cli, ["tier", str(path), "--framework", "eu-ai-act"], standalone_mode=False)
    assert "No framework asks for the answer eu-anex_iii. Did you mean eu-annex_iii?" in done.stderr
