"""What a page says, without its markup."""

import re
from html import unescape

_WITHIN_A_LINE = re.compile(r"</?(?:time|bdi)\b[^>]*>")


def text_of(answer):
    """The words of an answer; what lies within a line leaves no gap."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", _WITHIN_A_LINE.sub("", answer.text))).split())
