"""Other people's words on a page: shown as they are, never read as Markdown.

A file may be named ``![](http://…)``, and a page that rendered that would ask another machine.
"""

from __future__ import annotations

import re

__all__ = ["plain"]


def plain(text: object) -> str:
    """Return text that Markdown shows to the letter."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|:$~^&])", r"\\\1", str(text))
