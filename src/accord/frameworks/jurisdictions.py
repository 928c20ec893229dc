"""Where a framework applies: countries, their parts, and the unions whose law or plans reach their members."""

from __future__ import annotations

INTERNATIONAL = "INT"
"""The jurisdiction of texts that apply, or invite, everywhere."""

EUROPEAN_UNION = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
ASEAN = "BN ID KH LA MM MY PH SG TH TL VN"
AFRICAN_UNION = (
    "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG "
    "RW SC SD SL SN SO SS ST SZ TD TG TN TZ UG ZA ZM ZW"
)
MEMBERS = {
    "EU": frozenset(EUROPEAN_UNION.split()),
    "ASEAN": frozenset(ASEAN.split()),
    "AFU": frozenset(AFRICAN_UNION.split()),
}
"""Members by ISO 3166-1 code: 27 of the EU, 11 of ASEAN (Timor-Leste since October 2025), 55 of the African Union."""


def applies_in(jurisdiction: str, code: str) -> bool:
    """Return whether what is made for `jurisdiction` reaches `code`: itself, a part of it, or a member of the union."""
    country = code.partition("-")[0]
    return code == jurisdiction or country == jurisdiction or country in MEMBERS.get(jurisdiction, ())
