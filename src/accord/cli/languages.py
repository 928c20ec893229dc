"""`accord languages`: what it speaks, how completely, and whether a speaker has read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..i18n.catalogue import Language


@click.command("languages")
@click.option("--check", is_flag=True, help="Name the translations that are not shown, because something is wrong.")
@as_json
def command(check: bool, as_json: bool) -> int:
    """List the languages of the command line, the report and the pages, and how much of each is translated.

    Choose one with --lang, or for good with the variable ACCORD_LANG. What has no translation is shown in English.

    Exit status: 0; 1 with --check, if a translation is wrong.
    """
    from ..i18n import catalogue_of, codes, languages

    found = languages()
    mistakes = {code: catalogue_of(code).mistakes for code in codes()[1:]} if check else {}
    wrong = {code: texts for code, texts in mistakes.items() if texts}
    if as_json:
        print_json({"languages": [_record(item) for item in found], **({"mistakes": wrong} if check else {})})
        return 1 if wrong else 0
    rows = ((item.code, item.name, _share(item), _reviewed(item)) for item in found)
    print_table((_("tag"), _("language"), _("translated"), _("reviewed by a speaker")), rows)
    for code, texts in wrong.items():
        for text in texts:
            click.echo(visible(f"{code}: {text}"), err=True)
    if check:
        n = sum(map(len, wrong.values()))
        click.echo(ngettext("{n} mistake.", "{n} mistakes.", n).format(n=n))
    return 1 if wrong else 0


def _record(item: Language) -> dict[str, object]:
    return {
        "code": item.code,
        "name": item.name,
        "direction": item.direction,
        "translated": item.translated,
        "total": item.total,
        "reviewed_by": item.reviewed_by or None,
    }


def _share(item: Language) -> str:
    if item.source:
        return _("the source")
    return f"{item.percent} % ({item.translated:,} / {item.total:,})"


def _reviewed(item: Language) -> str:
    return "" if item.source else item.reviewed_by or _("not reviewed by a speaker")
