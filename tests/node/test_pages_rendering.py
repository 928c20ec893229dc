"""What templates say of days, times and frameworks."""

import pytest

from accord.node.pages.rendering import dated, timed
from accord.node.pages.wording import framework_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-31", "<time>2026-01-31</time>"),
        ("2026-01-31T12:34:56Z", '<time datetime="2026-01-31T12:34:56Z">2026-01-31 12:34 UTC</time>'),
        ("منذ 2026-01-31.", "منذ <time>2026-01-31</time>."),
        ("–", "–"),
        ("sha256-2026-01-31 v2026-01-31a 12026-01-31", "sha256-2026-01-31 v2026-01-31a 12026-01-31"),
        ("2026-01-31<b>'\"&\u202e", "<time>2026-01-31</time>&lt;b&gt;&#39;&#34;&amp;\\u202e"),
    ],
)
def test_days_and_times_are_marked_and_all_else_is_harmless(text, shown):
    assert str(timed(text)) == shown


def test_values_are_put_into_a_text_and_escaped_once():
    assert str(dated("Until {day}, by {name}.", day="2026-01-31", name="<A & B>")) == (
        "Until <time>2026-01-31</time>, by &lt;A &amp; B&gt;."
    )


def test_a_framework_has_its_title_and_a_strange_one_its_id():
    assert framework_name("eu-ai-act") == "EU AI Act"
    assert framework_name("../of/nobody") == "../of/nobody"
