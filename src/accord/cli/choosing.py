"""Options by which a command is told under which frameworks to judge, and on what terms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..i18n import _
from ..reports.visible import visible

if TYPE_CHECKING:
    from ..frameworks import FrameworkFile
    from ..records import Card
    from ..reviews import LoadedReviews

frameworks_option = click.option(
    "--framework", "frameworks", multiple=True, help="Judge under this framework (id or file). Repeatable."
)
jurisdiction_option = click.option(
    "--jurisdiction", help="Judge under what applies in these, and international texts: EU,CN,KE"
)
sector_option = click.option("--sector", help="The system's sector; adds the profile of that sector.")
profile_option = click.option(
    "--profile",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML file with thresholds of your own, and how many reviewers a point needs.",
)

reviews_option = click.option(
    "--reviews",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with signed reviews of people, as `accord review --import` makes them.",
)


def read_reviews(folder: Path) -> LoadedReviews:
    """Return the reviews in `folder` whose signatures hold; what is refused is said on standard error."""
    from ..reviews import load_reviews
    from ..trust import KeyStore

    found = load_reviews(folder, KeyStore().known())
    for problem in found.problems:
        text = _("{file} is left out: {why}").format(file=problem.file, why=problem.message)
        click.echo(visible(text), err=True)
    return found


def choose_frameworks(
    ids: Sequence[str], jurisdiction: str | None, sector: str | None, *, fallback: Sequence[str] = ()
) -> list[FrameworkFile]:
    """Return what the options name; with none of them, the frameworks in `fallback`.

    A sector without a profile is no mistake: it is said, and the sector still stands on the card.
    """
    from ..frameworks import sectors, select_files

    codes = [code.strip().upper() for code in jurisdiction.split(",") if code.strip()] if jurisdiction else []
    profiled = sector if sector in sectors() else None
    if sector and not profiled:
        text = _("There is no profile of the sector {sector}. There are: {known}.")
        click.echo(text.format(sector=visible(sector), known=", ".join(sectors())), err=True)
    if not (ids or codes or profiled):
        return list(select_files(fallback)) if fallback else []
    return list(select_files(ids, codes, profiled))


def warn_of_unasked(card: Card, frameworks: Sequence[FrameworkFile]) -> None:
    """Name the answers on the card that no framework asks for: a question's id is easily mistyped."""
    from difflib import get_close_matches

    from ..frameworks import library

    asked = {item.id for framework in library() for item in framework.questions}
    asked |= {item.id for file in frameworks for item in file.framework.questions}
    for name in sorted(card.answers.keys() - asked):
        near = get_close_matches(name, asked, n=1)
        text = _("No framework asks for the answer {name}.").format(name=name)
        hint = " " + _("Did you mean {name}?").format(name=near[0]) if near else ""
        click.echo(visible(f"{text}{hint}"), err=True)


def frameworks_for_card(card: Card) -> list[FrameworkFile]:
    """Return what applies where the card says that the system is used, in its sector; else the international texts."""
    from ..frameworks import known_jurisdictions, sectors, select_files

    codes = known_jurisdictions([code.upper() for code in card.system.jurisdictions])
    if not codes:
        click.echo(
            _("Nobody says where the system is used: judged under international texts (--jurisdiction)."), err=True
        )
    return list(select_files((), codes or ["INT"], card.system.sector if card.system.sector in sectors() else None))
