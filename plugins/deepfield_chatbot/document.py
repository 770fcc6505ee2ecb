"""A document as it was read: one text, and where its parts lie in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["Block", "Document", "Writing"]


@dataclass(frozen=True)
class Block:
    """A paragraph, a list item, a row of a table, or a question with its answer."""

    start: int
    end: int
    headings: tuple[str, ...] = ()
    """Those that it stands under, the outermost first."""
    page: int | None = None
    """Counted from 1, where the document has pages."""
    answer: int | None = None
    """Where the answer begins, if it is a question with its answer."""


@dataclass(frozen=True)
class Document:
    """Text without markup; blocks lie in it in order and do not overlap."""

    name: str
    """What a person calls it: the file's name, mostly."""
    kind: str
    """pdf, docx, html, markdown, text or pairs."""
    digest: str
    """SHA-256 of the file."""
    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    """What a person should know: pages without text, say."""


@dataclass
class Writing:
    """The text of a document while it is read; blocks are parted by an empty line."""

    parts: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    length: int = 0
    notes: list[str] = field(default_factory=list)

    def add(
        self, text: str, headings: Sequence[str] = (), page: int | None = None, answer: str = ""
    ) -> None:
        """Append a block; an ``answer`` follows in the next line. White space around is lost."""
        text, answer = text.strip(), answer.strip()
        if not text and not answer:
            return
        start = self.length + 2 if self.parts else 0
        whole = f"{text}\n{answer}" if answer else text
        begins = start + len(text) + 1 if answer else None
        self.blocks.append(Block(start, start + len(whole), tuple(headings), page, begins))
        self.parts.append(whole)
        self.length = start + len(whole)

    @property
    def text(self) -> str:
        return "\n\n".join(self.parts)


def heading_path(path: Sequence[tuple[int, str]], level: int, title: str) -> list[tuple[int, str]]:
    """Return the headings that hold after one of this level: those of higher rank, and it."""
    return [each for each in path if each[0] < level] + [(level, " ".join(title.split()))]


def titles(path: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Return the words of a path of headings."""
    return (title for _, title in path if title)
