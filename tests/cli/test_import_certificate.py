"""`accord import certificate`: a foreign paper becomes a statement that never looks like a measurement."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from accord.certificate import certificate_in, read_paper, standing, transcribe
from accord.cli import cli
from accord.cli.statements import read_statement
from accord.errors import AccordError, MalformedInput, UsageError
from accord.records.certificate import Certificate, CertificateConfirmation
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import hear, say
from accord.trust.statement import subject

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
TODAY = "2026-09-01"
FIELDS: dict[str, Any] = {
    "issuer": "TÜV Beispiel",
    "number": "KI-17",
    "scope": ["ISO/IEC 42001"],
    "issued": "2026-01-31",
    "until": "2029-01-30",
    "claims": ["The management system meets ISO/IEC 42001.", "Audited on site."],
    "about": "Triage 3",
    "language": "de",
    "transcribed_by": "Ada",
    "role": "clerk",
    "office": "Health Office",
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["import", "certificate", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "Zertifikat.pdf"
    path.write_bytes(PDF)
    return path


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "form.toml"
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in FIELDS.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def imported(paper: Path, form: Path, tmp_path: Path) -> Path:
    done = run(paper, "--from", form, "--out", tmp_path / "said", "--json")
    assert done.exception is None, done.exception
    return Path(json.loads(done.stdout)["statement"])


def test_a_paper_becomes_a_statement(imported: Path) -> None:
    heard = read_statement(imported)
    assert heard.kind == "certificate"
    found = certificate_in(heard)
    assert found.paper.digest == "sha256:" + hashlib.sha256(PDF).hexdigest()
    assert (found.paper.size, found.paper.media_type) == (len(PDF), "application/pdf")
    assert heard.subjects == (found.paper.digest,)
    assert (found.issuer, found.number, found.scope) == ("TÜV Beispiel", "KI-17", ("ISO/IEC 42001",))
    assert found.claims == tuple(FIELDS["claims"])
    assert (found.transcribed_by.name, found.transcribed_by.office) == ("Ada", "Health Office")
    assert imported.with_name(imported.name.replace(".intoto.jsonl", ".tlog-proof")).exists()


def test_it_is_shown_as_claimed_on_paper(paper: Path, form: Path, tmp_path: Path) -> None:
    digest = "sha256:" + "7" * 64
    done = run(paper, "--from", form, "--digest", digest, "--issuer", "Bureau\x1b[31m", "--out", tmp_path / "said")
    assert done.output.startswith("Claimed on paper, not measured.")
    assert "Bureau\\x1b[31m" in done.output and "\x1b" not in done.output
    assert digest in done.output and "Audited on site." in done.output


def test_options_alone_suffice(paper: Path, tmp_path: Path) -> None:
    arguments = ("--issuer", "I", "--scope", "A", "--scope", "B", "--issued", "2026-01-31", "--claims", "C")
    who = ("--about", "S", "--language", "fr", "--transcribed-by", "Ada", "--role", "clerk")
    done = run(paper, *arguments, *who, "--out", tmp_path / "said", "--json")
    assert json.loads(done.stdout)["certificate"]["scope"] == ["A", "B"]
    assert json.loads(done.stdout)["certificate"]["valid_until"] == ""


def test_a_day_without_quotes_is_a_day(paper: Path, form: Path, tmp_path: Path) -> None:
    form.write_text(form.read_text(encoding="utf-8").replace('"2026-01-31"', "2026-01-31"), encoding="utf-8")
    assert run(paper, "--from", form, "--out", tmp_path / "said").exception is None


def refused(paper: Path, **changes: object) -> str:
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    with pytest.raises(MalformedInput) as error:
        transcribe(paper, fields, today=TODAY)
    return error.value.message


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"issued": "2026-02-30"}, "issued: '2026-02-30' is no day"),
        ({"issued": "31.1.2026"}, "issued"),
        ({"issued": "2026-09-02"}, "issued: 2026-09-02 is in the future"),
        ({"until": "2026-01-30"}, "until: 2026-01-30 is before"),
        ({"until": "never"}, "until"),
        ({"claims": []}, "claims: is missing"),
        ({"claims": ["a", " "]}, "claims[1]: is empty"),
        ({"claims": "one"}, "claims: a list of texts"),
        ({"claims": ["x" * 2001]}, "claims[0]: over"),
        ({"claims": ["x"] * 201}, "claims: over 200"),
        ({"scope": []}, "scope: is missing"),
        ({"scope": [1]}, "scope: a list of texts"),
        ({"issuer": "  "}, "issuer: is missing"),
        ({"issuer": 5}, "issuer: a text"),
        ({"issuer": None}, "issuer: is missing"),
        ({"about": None}, "about: is missing"),
        ({"transcribed_by": ""}, "transcribed_by: is missing"),
        ({"language": "German!"}, "language"),
        ({"digest": "md5:00"}, "digest"),
        ({"isuer": "x"}, "isuer: no such field"),
    ],
    ids=str,
)
def test_a_mistake_is_named(paper: Path, changes: dict[str, object], place: str) -> None:
    assert place in refused(paper, **changes)


def test_all_mistakes_at_once(paper: Path) -> None:
    message = refused(paper, issuer="", issued="2026-13-01", until="x", claims=[], role=None, language="?")
    assert message.startswith("6 mistakes")
    for place in ("issuer", "issued", "until", "claims", "role", "language"):
        assert f"\n  {place}: " in message


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "image/jpeg"),
        (b"II*\x00" + bytes(40), "image/tiff"),
        ("Bescheinigung über …\n".encode(), "text/plain"),
        (bytes(range(256)), "application/octet-stream"),
    ],
)
def test_the_media_type_is_told_by_content(tmp_path: Path, content: bytes, media_type: str) -> None:
    path = tmp_path / "paper.docx"
    path.write_bytes(content)
    assert read_paper(path).media_type == media_type


def test_no_paper(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for place in (tmp_path / "empty", tmp_path / "absent", tmp_path):
        with pytest.raises(UsageError):
            read_paper(place)


def test_a_hostile_form(paper: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    for content in (
        b"\xff\xfe",
        b"a = [" + b"[" * 100_000,
        b"a." * 50_000 + b"b = 1",
        b"x" * (2 << 20),
        b"issuer = 1979",
    ):
        path.write_bytes(content)
        assert isinstance(run(paper, "--from", path).exception, AccordError)


def test_an_end_that_has_passed_is_said(paper: Path) -> None:
    found = transcribe(paper, FIELDS, today=TODAY)
    assert standing(found, on="2029-01-30") == "Claimed on paper, not measured."
    assert standing(found, on="2029-01-31") == "Claimed on paper, not measured. It ended on 2029-01-30."
    endless = transcribe(paper, FIELDS | {"until": ""}, today=TODAY)
    assert "ended" not in standing(endless, on="2099-01-01")


@pytest.mark.parametrize(
    ("field", "value"),
    [("standing", "measured"), ("issued", "yesterday"), ("claims", ()), ("valid_until", "2020-01-01")],
)
def test_a_forged_statement_is_no_certificate(paper: Path, field: str, value: object) -> None:
    """Whoever writes statements by another program is held to the same."""
    found = transcribe(paper, FIELDS, today=TODAY)
    forged = msgspec.structs.replace(found)
    msgspec.structs.force_setattr(forged, field, value)
    heard = hear(say(forged, "certificate", [subject("", found.paper.digest)], signers=[SigningKey.generate()]))
    with pytest.raises(MalformedInput):
        certificate_in(heard)


def confirmed(paper: Path, statement: Path, *more: object) -> Result:
    who = more if more else ("--transcribed-by", "Grace", "--role", "head", "--key", second_key())
    return run(paper, "--confirm", statement, *who, "--out", statement.parent, "--json")


def second_key() -> str:
    from accord.trust import KeyStore

    if "second" not in KeyStore().names():
        KeyStore().make("second")
    return "second"


def test_a_second_person_confirms(paper: Path, imported: Path) -> None:
    done = confirmed(paper, imported)
    assert done.exception is None, done.exception
    heard = read_statement(Path(json.loads(done.stdout)["statement"]))
    found = heard.record(CertificateConfirmation)
    assert found.certificate == read_statement(imported).id and heard.subjects == (found.certificate,)
    assert found.by.name == "Grace"
    assert heard.keys[0].keyid != read_statement(imported).keys[0].keyid


def test_who_may_not_confirm(paper: Path, imported: Path, tmp_path: Path) -> None:
    def code(*arguments: object, of: Path = paper) -> str:
        error = confirmed(of, imported, *arguments).exception
        assert isinstance(error, AccordError)
        return error.code

    assert code("--transcribed-by", "Grace", "--role", "head") == "same-key"
    assert code("--transcribed-by", " ada", "--role", "clerk", "--key", second_key()) == "same-person"
    assert code("--role", "clerk", "--key", second_key()) == "bad-confirmation"
    grace = ("--transcribed-by", "Grace", "--role", "head", "--key", second_key())
    assert code(*grace, "--issuer", "I") == "bad-confirmation"
    other = tmp_path / "other.pdf"
    other.write_bytes(PDF + b"\n")
    assert code(*grace, of=other) == "another-paper"


def test_a_confirmation_is_of_a_certificate(paper: Path, imported: Path) -> None:
    done = confirmed(paper, imported)
    again = Path(json.loads(done.stdout)["statement"])
    error = confirmed(paper, again).exception
    assert isinstance(error, MalformedInput) and error.code == "no-certificate"


def test_a_paper_from_tomorrow_is_refused_by_the_command_too(paper: Path, form: Path) -> None:
    ahead = f"{datetime.now(UTC).year + 1}-01-01"
    error = run(paper, "--from", form, "--issued", ahead).exception
    assert isinstance(error, MalformedInput) and "in the future" in error.message


def test_the_record_itself_holds(paper: Path) -> None:
    assert transcribe(paper, FIELDS, today=TODAY).standing == "claimed_on_paper"
    assert Certificate.__struct_fields__[0] == "standing"
