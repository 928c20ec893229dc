"""The first file of somebody's own framework: it loads at once, and every key says what it is for."""

from __future__ import annotations

import re

from .jurisdictions import INTERNATIONAL
from .loading import parse
from .validation import ADDRESSEES, IDS_AND_TITLES_ONLY
from .writing import quoted

_TEMPLATE = """\
# A framework file: a law, a standard or rules of your own, as data. This one loads as it is; replace what it says.
# Check it with    accord frameworks check {id}.yaml
# judge under it   accord assess TARGET --framework ./{id}.yaml
id: {said}
version: "1"                                  # of this file or of the text; `accord frameworks diff` compares two
title: {title}
issuer: Name of who issues the text
jurisdiction: {jurisdiction}                           # ISO 3166 (KE, US-CA), EU, AFU, ASEAN, or INT
kind: law                                     # law, bill, treaty, standard, framework, code, guidance, plan
source:                                       # the text that you read
  title: Name of the text
  uri: https://example.org/text
  date: "2026"                                # YYYY-MM-DD, YYYY-MM or YYYY
text_licence: our own words                   # what may be done with the source's words; write "{short}"
                                              # where nothing else may be carried
status: provisional                           # stable once somebody checked every point against the text
read: Nothing yet; this is a scaffold.        # what of the text was read

# Facts that only a person knows; the card answers them under [answers]. A requirement can ask for them (applies_if).
questions:
- id: {word}-public                           # begin with a word of your own: ids are shared by all frameworks
  text: Does a public body use the system?
  source: Section 1
requirements:
# A group only gathers what is below it.
- id: sec_1
  label: Section 1                            # how the source cites it
  title: Fair treatment
# Shown by measuring: `accord measures` lists what can stand as `measure`. Where the text states no number, leave
# threshold and threshold_source out: the value is then shown to a person, who decides.
- id: sec_1.1
  parent: sec_1
  label: Section 1(1)
  title: Wrongful alarms don't fall on some groups more than on others   # in your own words
  addressee: provider                         # {addressees}
  applies_from: "2027-01-01"
  applies_if: {{measure: card.answer, where: {{question: {word}-public}}, op: "==", threshold: true}}
  verification: measured
  rules:
  - {{measure: fairness.false_positive_rate_gap, op: "<=", threshold: 0.1, threshold_source: Section 1(1)}}
# Shown by a document: its presence, date, version, owner and sections are checked, never what it says.
- id: sec_1.2
  parent: sec_1
  label: Section 1(2)
  title: The system is documented
  addressee: provider
  verification: documented
  documents: [technical_documentation]
# Judged by a person, who answers the question.
- id: sec_2
  label: Section 2
  title: People can object to a decision
  addressee: deployer
  verification: judged
  question: Can somebody whom the system decides about object, and is the objection answered by a person?
"""


def scaffold(framework_id: str, *, title: str = "", jurisdiction: str = INTERNATIONAL) -> str:
    """Return the text of a new framework file. Raises InvalidFramework if the id or the jurisdiction can't be one."""
    shown = framework_id if framework_id.isprintable() else "framework"
    text = _TEMPLATE.format(
        id=shown,
        said=quoted(framework_id),
        title=quoted(title or f"Title of {framework_id}"),
        jurisdiction=quoted(jurisdiction),
        word=re.split(r"[^a-z0-9]", framework_id)[0] or "own",
        short=IDS_AND_TITLES_ONLY,
        addressees=_lines(sorted(ADDRESSEES)),
    )
    parse(text.encode(), name=f"{shown}.yaml")
    return text


def _lines(words: list[str]) -> str:
    """Break a list of words over comment lines of the template."""
    lines, row = [], ""
    for word in words:
        if row and len(row) + len(word) > 66:
            lines.append(row + ",")
            row = ""
        row = f"{row}, {word}" if row else word
    return ("\n" + " " * 46 + "# ").join([*lines, row])
