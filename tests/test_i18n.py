"""A language is one catalogue file: read, checked, counted, kept; what is wrong in it is never shown."""

from __future__ import annotations

import gettext
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from accord import i18n
from accord.errors import AccordError, LimitExceeded, MalformedInput, UsageError
from accord.i18n import _, in_language, language_of, nearest, ngettext, pgettext, use_language
from accord.i18n.catalogue import MAX_BYTES, Catalogue, load
from accord.i18n.faults import placeholders

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
TEMPLATE = f"""{HEAD}
msgid "Yes."
msgstr ""

msgid "No."
msgstr ""

msgctxt "month"
msgid "May"
msgstr ""

msgid "{{n}} row"
msgid_plural "{{n}} rows"
msgstr[0] ""
msgstr[1] ""

msgid "of {{name}}, {{size:,}}"
msgstr ""
"""
# Where each form begins, from the table of CLDR for cardinal numbers: https://cldr.unicode.org (plural rules).
ARABIC = {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5, 102: 5, 103: 3, 111: 4, 1000: 5, 1003: 3}
RUSSIAN = {1: 0, 2: 1, 4: 1, 5: 2, 11: 2, 12: 2, 14: 2, 20: 2, 21: 0, 22: 1, 25: 2, 101: 0, 111: 2, 1002: 1}

Place = Callable[..., Path]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    i18n.catalogue_of.cache_clear()
    use_language("en")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Put a catalogue in place, alone beside the tiny template."""

    def put(body: str, *, code: str = "de", head: str = "") -> Path:
        (tmp_path / "accord.pot").write_text(TEMPLATE, encoding="utf-8")
        path = tmp_path / f"{code}.po"
        path.write_text(f"{HEAD}{head}\n{body}", encoding="utf-8")
        monkeypatch.setattr(i18n, "_LOCALE", tmp_path)
        i18n.catalogue_of.cache_clear()
        return path

    return put


def rows(*forms: str) -> str:
    return 'msgid "{n} row"\nmsgid_plural "{n} rows"\n' + "".join(f'msgstr[{i}] "{t}"\n' for i, t in enumerate(forms))


def test_a_catalogue_is_used(place: Place) -> None:
    place(
        'msgid "Yes."\nmsgstr "Ja."\n\nmsgctxt "month"\nmsgid "May"\nmsgstr "Mai"\n\n' + rows("{n} Zeile", "{n} Zeilen")
    )
    assert i18n.codes() == ("en", "de")
    use_language("de")
    assert _("Yes.") == "Ja." and _("No.") == "No." and _("never marked") == "never marked"
    assert pgettext("month", "May") == "Mai" and _("May") == "May" and pgettext("verb", "May") == "May"
    assert [ngettext("{n} row", "{n} rows", n) for n in (0, 1, 2)] == ["{n} Zeilen", "{n} Zeile", "{n} Zeilen"]
    assert ngettext("{n} cup", "{n} cups", 2) == "{n} cups"
    assert i18n.separators() == (",", ".") and i18n.direction() == "ltr"
    with in_language("en"):
        assert _("Yes.") == "Yes." and i18n.separators() == (".", ",")
    assert _("Yes.") == "Ja."


def test_how_complete_it_is_counted_by_hand(place: Place) -> None:
    body = """
msgid "Yes."
msgstr "Ja."

#, fuzzy
msgid "No."
msgstr "Vielleicht."

msgctxt "month"
msgid "May"
msgstr ""

msgid "of {name}, {size:,}"
msgstr "von {name}"

msgid "A text that is gone"
msgstr "Ein Text, den es nicht mehr gibt"

#~ msgid "An older one"
#~ msgstr "Ein älterer"

"""
    place(body + rows("{n} Zeile", "{n} Zeilen"), head='"X-Reviewed-By: Jane Doe, Bonn\\n"\n')
    found = i18n.language("de")
    # Of five, "Yes." and the rows count: not the guess, not the empty one, not the one without its size.
    assert (found.translated, found.total, found.percent) == (2, 5, 40)
    assert (found.name, found.direction, found.reviewed_by) == ("Deutsch", "ltr", "Jane Doe, Bonn")
    mistakes = i18n.catalogue_of("de").mistakes
    assert len(mistakes) == 2
    assert "of {name}" in mistakes[0] and "placeholders" in mistakes[0]
    assert mistakes[1] == "0 texts are missing and 1 are of an earlier time"
    use_language("de")
    assert _("No.") == "No." and _("of {name}, {size:,}") == "of {name}, {size:,}"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{name}, {size}", False),
        ("{name}", False),
        ("{name} {size:,} {more}", False),
        ("{name} {size:,} {name.__class__}", False),
        ("{name} {size:>999999999}", False),
        ("{name} {size:,", False),
        ("{size:,} {name} {name}", True),
        ("{name} {size:,} \u202e", False),
        ("{name} {size:,} \x07", False),
        (" {name} {size:,}", False),
    ],
)
def test_placeholders_are_those_of_the_source_or_english_is_shown(place: Place, source: str, shown: bool) -> None:
    place(f'msgid "of {{name}}, {{size:,}}"\nmsgstr "{source}"\n')
    use_language("de")
    expected = source if shown else "of {name}, {size:,}"
    assert _("of {name}, {size:,}") == expected
    assert _("of {name}, {size:,}").format(name="x", size=1000)
    # That the other texts are missing is a mistake of the file, not of this text.
    assert len(i18n.catalogue_of("de").mistakes) == (1 if shown else 2)


def test_arabic_and_russian_count(place: Place) -> None:
    arabic = ("لا صفوف", "صف واحد", "صفان", "{n} صفوف", "{n} صفًا", "{n} صف")
    by_hand = "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"
    forms = f'"Plural-Forms: nplurals=6; plural=({by_hand});\\n"\n'
    place(rows(*arabic), code="ar", head=forms)
    use_language("ar")
    assert i18n.direction() == "rtl"
    assert {n: arabic.index(ngettext("{n} row", "{n} rows", n)) for n in ARABIC} == ARABIC
    russian = ("{n} строка", "{n} строки", "{n} строк")
    place(rows(*russian), code="ru")  # without a header of its own: the usual forms of the language
    use_language("ru")
    assert {n: russian.index(ngettext("{n} row", "{n} rows", n)) for n in RUSSIAN} == RUSSIAN


def test_a_form_for_several_numbers_says_the_number(place: Place) -> None:
    place(rows("eine Zeile", "viele Zeilen"))
    use_language("de")
    assert ngettext("{n} row", "{n} rows", 2) == "{n} rows"
    place(rows("eine Zeile", "{n} Zeilen"))
    use_language("de")
    assert ngettext("{n} row", "{n} rows", 1) == "eine Zeile"


@pytest.mark.parametrize("code", i18n.codes()[1:])
def test_our_forms_are_those_of_gettext(code: str) -> None:
    """Every counted text of our catalogues comes out as GNU gettext's own machine chooses it."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = i18n._LOCALE / f"{code}.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.StringIO(path.read_text(encoding="utf-8"))))
    compiled.seek(0)
    oracle = gettext.GNUTranslations(compiled)
    ours = i18n.catalogue_of(code)
    assert len(ours.plurals) > 10
    for singular in ours.plurals:
        for n in (*range(130), 1000, 1_000_000):
            assert ours.counted(singular, n) == oracle.ngettext(singular, "?", n)


HOSTILE = {
    "no PO": "hello",
    "no translation": 'msgid "a"\n\nmsgid "b"\nmsgstr ""\n',
    "twice": 'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n',
    "a form too many": rows("a {n}", "b {n}", "c {n}"),
    "a form of no number": 'msgid "a"\nmsgid_plural "b"\nmsgstr[x] "c"\n',
    "a form far away": 'msgid "a"\nmsgid_plural "b"\nmsgstr[99999999999] "c"\n',
    "a keyword of nobody": 'msgid "a"\nmsgtext "b"\n',
}
FORMS = {
    "endless forms": "nplurals=999999999; plural=0;",
    "seven forms": "nplurals=7; plural=0;",
    "no expression": "nplurals=2",
    "code": "nplurals=2; plural=__import__('os');",
    "an attribute": "nplurals=2; plural=n.real;",
    "by zero": "nplurals=2; plural=n/0;",
    "a form that is not there": "nplurals=2; plural=n>5;plural=3;",
    "too large": "nplurals=2; plural=n*7;",
    "deep": f"nplurals=2; plural={'(' * 240}n{')' * 240};",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_malformed_catalogue_is_refused(place: Place, body: str) -> None:
    path = place(body)
    with pytest.raises(MalformedInput, match=r"de\.po") as error:
        use_language("de")
    assert error.value.code == "malformed-catalogue" and error.value.remedy
    assert i18n.current_language() == "en" and path.exists()


@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
def test_hostile_plural_forms_are_refused(place: Place, forms: str) -> None:
    place(rows("a {n}", "b {n}"), head=f'"Plural-Forms: {forms}\\n"\n')
    with pytest.raises(MalformedInput, match="Plural-Forms"):
        use_language("de")


def test_the_line_is_named(place: Place) -> None:
    path = place('msgid "Yes."\nmsgstr "Ja."\nnonsense\n')
    line = path.read_text(encoding="utf-8").splitlines().index("nonsense") + 1
    with pytest.raises(MalformedInput, match=f"line {line}"):
        use_language("de")


def test_division_by_zero_far_out_shows_english(place: Place) -> None:
    place(rows("a {n}", "b {n}"), head='"Plural-Forms: nplurals=2; plural=(1/(n-12345))*0;\\n"\n')
    use_language("de")
    assert ngettext("{n} row", "{n} rows", 12345) == "{n} rows"


def test_a_catalogue_has_a_limit_and_is_utf_8(place: Place) -> None:
    path = place("")
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(LimitExceeded):
        use_language("de")
    path.write_bytes(HEAD.encode() + b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(MalformedInput, match="UTF-8"):
        use_language("de")


def test_a_header_can_not_do_anything(place: Place) -> None:
    head = '"PO-Revision-Date: never\\n"\n"Content-Transfer-Encoding: rot13\\n"\n"Language: ../../etc\\n"\n'
    place('msgid "Yes."\nmsgstr "Ja."\n', head=head)
    use_language("de")
    assert _("Yes.") == "Ja."


def test_many_comments_cost_no_more_than_few(place: Place) -> None:
    """Babel gathers comments and places text by text; a hundred thousand of them would take minutes."""
    place("".join(f"#: place{i}\n# comment {i}\n" for i in range(100_000)) + 'msgid "Yes."\nmsgstr "Ja."\n')
    started = perf_counter()
    use_language("de")
    assert perf_counter() - started < 5


SOURCE = (HEAD + rows("{n} a", "{n} b") + '\nmsgctxt "x"\nmsgid "Yes."\nmsgstr "Ja."\n').encode()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_the_file_says_only_our_errors_come_out(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    folder.mkdir(exist_ok=True)
    (folder / "accord.pot").write_text(TEMPLATE, encoding="utf-8")
    lines = SOURCE.splitlines(keepends=True)
    for _turn in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            st.one_of(
                st.just(b""),
                st.binary(max_size=20).map(lambda noise: noise + b"\n"),
                st.sampled_from(lines),
                st.sampled_from(
                    [b"msgstr[1] \n", b'msgid_plural "x\n', b"msgctxt\n", b'"Plural-Forms: nplurals=1"\n', b"#~\n"]
                ),
            )
        )
    (folder / "fr.po").write_bytes(b"".join(lines))
    try:
        found = load(folder / "fr.po", folder / "accord.pot")
    except AccordError as error:
        assert error.remedy
    else:
        assert isinstance(found, Catalogue)


def test_the_environment_chooses() -> None:
    assert language_of({}) == "en" == language_of({"LANG": "C.UTF-8"})
    assert language_of({"LANG": "fr_CA.UTF-8@euro"}) == "fr"
    assert language_of({"LC_ALL": "ru_RU", "LANG": "fr_FR"}) == "ru"
    assert language_of({"LC_ALL": "", "LC_MESSAGES": "xx_XX", "LANG": "fr_FR"}) == "en"
    assert language_of({"ACCORD_LANG": "sw", "LC_ALL": "fr_FR"}) == "sw"
    with pytest.raises(UsageError, match="tlh") as error:
        language_of({"ACCORD_LANG": "tlh"})
    assert all(code in error.value.remedy for code in i18n.codes())


@pytest.mark.parametrize("code", ["tlh", "", "..", "../de", "de/../fr", "a" * 5000, "français", "e\0n"])
def test_an_unknown_language_is_refused(code: str) -> None:
    assert nearest(code) is None
    with pytest.raises(UsageError, match="no translation"):
        use_language(code)


def test_tags_are_matched_by_their_language() -> None:
    assert [nearest(tag) for tag in ("pt-BR", "zh_Hans_CN", "AR-EG", "en_GB.UTF-8", "sw")] == [
        "pt",
        "zh",
        "ar",
        "en",
        "sw",
    ]


@pytest.mark.parametrize("code", i18n.codes()[1:])
def test_our_catalogues_hold_no_mistake(code: str) -> None:
    found = i18n.catalogue_of(code)
    assert not found.mistakes, "run: make languages"
    for text, translation in found.texts.items():
        assert placeholders(translation) == placeholders(text.rpartition("\x04")[2])
    assert found.language.translated >= 190
    # A report's label has a column of its own.
    for label in (
        "Findings",
        "Checks",
        "Evaluated",
        "Undetermined",
        "Likely class",
        "Read it",
        "Check it",
        "Act on it",
    ):
        assert cell_len(found.texts[label]) <= 13


def test_the_languages_of_the_mission_are_there() -> None:
    found = {item.code: item for item in i18n.languages()}
    assert found.keys() == {"en", "ar", "zh", "fr", "de", "pt", "ru", "es", "sw"}
    assert [code for code, item in found.items() if item.direction == "rtl"] == ["ar"]
    assert found["ar"].name == "العربية" and found["sw"].name == "Kiswahili" and found["zh"].name == "中文"


def test_the_template_is_current() -> None:
    import importlib.util

    path = Path(__file__).parents[1] / "docs" / "languages.py"
    spec = importlib.util.spec_from_file_location("gathering", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.template() == module.TEMPLATE.read_text(encoding="utf-8"), "run: make languages"
    gathered = module.gather()
    for catalogue in module.LOCALE.glob("*.po"):
        text = catalogue.read_text(encoding="utf-8")
        assert module.updated(text, gathered) == text, "run: make languages"


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip()


def test_english_imports_neither_babel_nor_gettexts_machine() -> None:
    code = "import sys; from accord import cli; from accord.i18n import use_language, ngettext; use_language('en'); "
    code += "ngettext('a', 'b', 2); print(sorted({'babel', 'accord.i18n.catalogue'} & set(sys.modules)))"
    assert python(code) == "[]"


def test_the_second_start_reads_no_po_file_and_is_fast() -> None:
    i18n.catalogue_of("ar")  # kept from here on
    code = "import sys, time; from accord import cli, i18n, records; t = time.perf_counter(); i18n.use_language('ar'); "
    code += "i18n._('Findings'); print('babel' in sys.modules, time.perf_counter() - t)"
    found = [python(code).split() for _turn in range(5)]
    assert {babel for babel, _seconds in found} == {"False"}
    # With the import of the module itself; the best of five, for the machine is shared.
    assert min(float(seconds) for _babel, seconds in found) < 0.03
    best = []
    for _turn in range(20):
        i18n.catalogue_of.cache_clear()
        started = perf_counter()
        i18n.catalogue_of("ar")
        best.append(perf_counter() - started)
    assert min(best) < 0.005
