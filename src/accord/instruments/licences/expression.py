"""SPDX licence expressions: valid, deprecated, or the name of a mere family (SPDX specification 2.3, annex D)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_LENGTH = 1000

# Ids that the SPDX licence list marks as deprecated (https://spdx.org/licenses/, version 3.29).
DEPRECATED = {
    identifier.lower(): identifier
    for identifier in (
        "AGPL-1.0",
        "AGPL-3.0",
        "BSD-2-Clause-FreeBSD",
        "BSD-2-Clause-NetBSD",
        "GFDL-1.1",
        "GFDL-1.2",
        "GFDL-1.3",
        "GPL-1.0",
        "GPL-1.0+",
        "GPL-2.0",
        "GPL-2.0+",
        "GPL-2.0-with-GCC-exception",
        "GPL-2.0-with-autoconf-exception",
        "GPL-2.0-with-bison-exception",
        "GPL-2.0-with-classpath-exception",
        "GPL-2.0-with-font-exception",
        "GPL-3.0",
        "GPL-3.0+",
        "GPL-3.0-with-GCC-exception",
        "GPL-3.0-with-autoconf-exception",
        "LGPL-2.0",
        "LGPL-2.0+",
        "LGPL-2.1",
        "LGPL-2.1+",
        "LGPL-3.0",
        "LGPL-3.0+",
        "Net-SNMP",
        "Nunit",
        "StandardML-NJ",
        "bzip2-1.0.5",
        "eCos-2.0",
        "wxWindows",
    )
}
# Words that name a family of licences, or none: what may be done with the work can't be told from them.
FAMILIES = frozenset(
    {
        "afl", "agpl", "bsd", "bsd license", "bsd-like", "bsd-style", "cc", "creative commons", "custom", "free",
        "freeware", "gfdl", "gpl", "gnu gpl", "lgpl", "multiple", "n/a", "noassertion", "none", "open source",
        "openrail", "other", "other/proprietary license", "proprietary", "public domain", "rail", "see license",
        "tbd", "unknown", "unlicensed",
    }
)  # fmt: skip
# Usual spellings that are no SPDX id, and the id that they mean.
SPELLINGS = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only",
    "gpl v3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "lgplv3": "LGPL-3.0-only",
    "agplv3": "AGPL-3.0-only",
    "isc license": "ISC",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mozilla public license 2.0": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "psf": "PSF-2.0",
    "the unlicense": "Unlicense",
}
_TOKEN = re.compile(r"[A-Za-z0-9.+:-]+")
_REFERENCE = re.compile(r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Expression:
    """A declared licence as read. `ids` are SPDX ids (of a usual spelling, the id it means); `unknown` are no ids.

    `valid`: an SPDX expression. `family`: a word for many licences, or for none. `deprecated`: ids that SPDX replaced.
    """

    text: str
    valid: bool
    ids: frozenset[str] = frozenset()
    deprecated: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    family: bool = False


def read_expression(text: str) -> Expression:
    """Read a declared licence. Never raises: what can't be parsed is not valid. Ids match whatever their case."""
    text = " ".join(text.split())
    lowered = text.lower()
    if lowered in FAMILIES:
        return Expression(text, valid=False, family=True)
    if lowered in SPELLINGS:
        return Expression(text, valid=False, ids=frozenset({SPELLINGS[lowered]}), unknown=(text,))
    if not text or len(text) > MAX_LENGTH:
        return Expression(text[:MAX_LENGTH], valid=False, unknown=(text[:60],))
    licensing = _spdx()
    try:
        parsed = licensing.parse(text, validate=False, strict=True)
        keys = sorted(licensing.license_keys(parsed))
    except Exception:  # the parser leaks errors of many kinds on broken input (AttributeError among them)
        return Expression(text, valid=False, unknown=(text[:60],))
    known = licensing.known_symbols
    plain = [key if key in known else key.removesuffix("+") for key in keys]  # "Apache-2.0+" is valid too
    unknown = tuple(key for key in plain if key not in known and not _REFERENCE.fullmatch(key))
    tokens = [token.lower() for token in _TOKEN.findall(text)]
    return Expression(
        text,
        valid=not unknown,
        ids=frozenset(plain) - set(unknown),
        deprecated=tuple(sorted({DEPRECATED[token] for token in tokens if token in DEPRECATED})),
        unknown=unknown,
        family=bool(unknown) and all(key.lower() in FAMILIES for key in unknown),
    )


@lru_cache(maxsize=1)
def _spdx() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
