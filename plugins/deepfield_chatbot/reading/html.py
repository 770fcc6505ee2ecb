"""HTML, parsed by lxml: what a reader of the page sees. Scripts are neither run nor shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import PageElement, PreformattedString

from deepfield_chatbot.document import Writing, heading_path, titles
from deepfield_chatbot.reading.encoding import decoded

UNSEEN = {
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas",
    "head", "nav", "footer", "form", "button", "select", "textarea", "audio", "video",
}  # fmt: skip
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time",
    "tt", "u", "var", "wbr",
}  # fmt: skip
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![\d.])")
HEADING = re.compile(r"h[1-6]")


@dataclass
class Seen:
    """Words that stand together on the page."""

    tag: str
    text: str


def read(data: bytes, name: str) -> tuple[str, Writing]:
    """Return the page's title and what is seen of it: its main part, where it names one."""
    writing = Writing()
    path: list[tuple[int, str]] = []
    text = decoded(data, name, markup=True)
    soup = BeautifulSoup(text, "lxml")
    title = soup.title.get_text() if soup.title else ""
    for seen in _seen(soup.find("main") or soup.find("article") or soup):
        if HEADING.fullmatch(seen.tag):
            path = heading_path(path, int(seen.tag[1]), seen.text)
            title = title or seen.text
        else:
            writing.add(seen.text, list(titles(path)))
    return title, writing


def blocks_of(markup: str) -> Iterator[Seen]:
    """Return what is seen of a piece of HTML."""
    return _seen(BeautifulSoup(markup, "lxml"))


def _seen(root: Tag) -> Iterator[Seen]:
    """Walk through a page without recursion, for pages may be nested as deep as they like."""
    words: list[str] = []
    # What is still to come, the next last; None closes the element that is open.
    ahead: list[PageElement | None] = [root]
    within = ["body"]
    while ahead:
        each = ahead.pop()
        if isinstance(each, Tag):
            if each.name in UNSEEN or _is_hidden(each):
                continue
            if each.name in INLINE:
                ahead.extend(reversed(each.contents))
                continue
            if each.name in ("br", "td", "th") and words:
                words.append("\n" if each.name == "br" else " | ")
                ahead.extend(reversed(each.contents))
                continue
            cell = each.name in ("td", "th")
            if not cell:
                yield from _flushed(words, within[-1])
                within.append(each.name)
                ahead.append(None)
            ahead.extend(reversed(each.contents))
        elif isinstance(each, PreformattedString):
            continue  # a comment, a declaration
        elif isinstance(each, NavigableString):
            text = str(each)
            words.append(text if "pre" in within else re.sub(r"\s+", " ", text))
        else:
            yield from _flushed(words, within.pop())
    yield from _flushed(words, "body")


def _flushed(words: list[str], tag: str) -> Iterator[Seen]:
    text = "".join(words).strip().strip("|").strip()
    words.clear()
    if text:
        yield Seen(tag, text)


def _is_hidden(tag: Tag) -> bool:
    return (
        tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or bool(HIDDEN.search(str(tag.get("style", "")).lower()))
    )
