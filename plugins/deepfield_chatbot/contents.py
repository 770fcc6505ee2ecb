"""What a knowledge base holds, and its folder.

    config.json          the shipped model that reads it, how passages were cut, each document
    documents.parquet    their texts
    passages.parquet     where passages lie in them, their headings, pages and terms
    model.safetensors    a vector for each part of a passage, float16
    vocabulary.parquet   terms by number
    bm25/                the index of terms, made from the last three columns

A document is added, replaced or removed without encoding any other.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from deepfield.errors import InputError, NotFoundError
from deepfield.models import ModelFolder
from deepfield_chatbot.document import Document
from deepfield_chatbot.encoder import WIDTH
from deepfield_chatbot.lexical import Lexical, Vocabulary
from deepfield_chatbot.passages import Part, Passage

__all__ = ["Contents", "Entry", "parts_of"]

PASSAGES = pa.schema(
    [
        ("document", pa.int32()),  # the place of its document
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("answer", pa.int64()),
        ("page", pa.int32()),
        ("headings", pa.list_(pa.large_string())),
        ("first_part", pa.int64()),  # counted from its document's first
        ("parts", pa.int32()),
        ("text", pa.large_string()),
        ("terms", pa.list_(pa.int32())),
    ]
)


def parts_of(passages: Sequence[Passage]) -> list[Part]:
    """Return the parts of a document's passages, each once, in order."""
    return list(dict.fromkeys(part for each in passages for part in each.parts))


@dataclass(frozen=True)
class Entry:
    """A document of a knowledge base."""

    name: str
    kind: str
    digest: str
    title: str
    characters: int
    passages: int
    parts: int
    """How many vectors it has."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contents:
    """Never changed: what adds or removes returns another."""

    entries: tuple[Entry, ...]
    texts: tuple[str, ...]
    """Of the documents, in their order."""
    passages: pa.Table
    """Those of a document together, in the order of the documents."""
    vectors: np.ndarray  # (parts, 384) float16, in the order of the documents
    terms: tuple[str, ...]
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Stays when documents come and go, so that what was said about a knowledge base is never taken
    for what was said about another that got its name later."""

    @classmethod
    def empty(cls) -> Contents:
        return cls((), (), PASSAGES.empty_table(), np.zeros((0, WIDTH), np.float16), ())

    def __len__(self) -> int:
        """Return how many passages there are."""
        return len(self.passages)

    @property
    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first vector of each passage and the one after its last, (passages,) each.

        Passages that are neighbours may share one.
        """
        counts = np.array([0, *(each.parts for each in self.entries)])
        first = np.cumsum(counts)[self.passages["document"].to_numpy()]
        first = first + self.passages["first_part"].to_numpy()
        return first, first + self.passages["parts"].to_numpy()

    def with_document(
        self, document: Document, passages: Sequence[Passage], vectors: np.ndarray
    ) -> Contents:
        """Return contents with a document more; one of its name is replaced.

        Args:
            vectors: (parts, 384), of each of ``parts_of(passages)``.
        """
        kept = self.without(document.name, missing_ok=True)
        vocabulary = Vocabulary(kept.terms)
        place = len(kept.entries)
        parts = parts_of(passages)
        numbers = {part: number for number, part in enumerate(parts)}
        rows = [
            {
                "document": place,
                **{name: getattr(each, name) for name in ("start", "end", "answer", "page")},
                "headings": list(each.headings),
                "first_part": numbers[each.parts[0]],
                "parts": len(each.parts),
                "text": document.text[each.start : each.end],
                "terms": vocabulary.add(
                    "\n".join(
                        (
                            *(each.headings or (document.title,)),
                            document.text[each.start : each.end],
                        )
                    )
                ),
            }
            for each in passages
        ]
        entry = Entry(
            document.name,
            document.kind,
            document.digest,
            document.title,
            len(document.text),
            len(passages),
            len(parts),
            document.notes,
        )
        return Contents(
            (*kept.entries, entry),
            (*kept.texts, document.text),
            pa.concat_tables([kept.passages, pa.Table.from_pylist(rows, PASSAGES)]),
            np.concatenate([kept.vectors, vectors.astype(np.float16)]),
            tuple(vocabulary.numbers),
            kept.identity,
        )

    def without(self, name: str, missing_ok: bool = False) -> Contents:
        """Return contents without a document.

        Raises:
            NotFoundError: if there is none of that name, unless that may be.
        """
        names = [each.name for each in self.entries]
        if name not in names:
            if missing_ok:
                return self
            raise NotFoundError.among("document", name, names)
        place = names.index(name)
        owners = self.passages["document"]
        stays = pc.not_equal(owners, place)
        counts = [each.parts for each in self.entries]
        gone = slice(sum(counts[:place]), sum(counts[: place + 1]))
        passages = self.passages.filter(stays)
        moved = passages["document"]
        moved = pc.subtract(moved, pc.cast(pc.greater(moved, place), pa.int32()))
        return replace(
            self,
            entries=self.entries[:place] + self.entries[place + 1 :],
            texts=self.texts[:place] + self.texts[place + 1 :],
            passages=passages.set_column(0, "document", moved),
            vectors=np.delete(self.vectors, gone, axis=0),
        )

    def lexical(self) -> Lexical:
        """Index the terms of all passages anew: their numbers are known, which is most of it."""
        # bm25s wants a list for each passage; empty ones are fine.
        return Lexical.build(self.passages["terms"].to_pylist(), Vocabulary(self.terms))

    def save(self, folder: Path, config: dict[str, Any]) -> None:
        """Write a knowledge base into a folder that is new."""
        folder.mkdir(parents=True, exist_ok=True)
        entries = [asdict(each) for each in self.entries]
        text = json.dumps(
            {**config, "identity": self.identity, "documents": entries},
            indent=2,
            ensure_ascii=False,
        )
        (folder / "config.json").write_text(text + "\n", encoding="utf-8")
        texts = pa.table(
            {
                "name": pa.array([each.name for each in self.entries], pa.string()),
                "text": pa.array(self.texts, pa.large_string()),
            }
        )
        pq.write_table(texts, folder / "documents.parquet", compression="zstd")
        pq.write_table(self.passages, folder / "passages.parquet", compression="zstd")
        terms = pa.table({"term": pa.array(self.terms, pa.large_string())})
        pq.write_table(terms, folder / "vocabulary.parquet", compression="zstd")
        save_file({"vectors": np.ascontiguousarray(self.vectors)}, folder / "model.safetensors")
        if len(self):
            self.lexical().save(folder / "bm25")

    @classmethod
    def load(cls, folder: ModelFolder) -> Contents:
        """Read a knowledge base.

        Raises:
            InputError: if its files are broken or do not belong together.
        """
        try:
            entries = tuple(
                Entry(**{**each, "notes": tuple(each.get("notes", ()))})
                for each in folder.config["documents"]
            )
            contents = cls(
                entries,
                tuple(pq.read_table(folder.file("documents.parquet"))["text"].to_pylist()),
                pq.read_table(folder.file("passages.parquet"), schema=PASSAGES),
                load_file(folder.weights)["vectors"],
                tuple(pq.read_table(folder.file("vocabulary.parquet"))["term"].to_pylist()),
                str(folder.config.get("identity") or folder.hash),
            )
        except (OSError, KeyError, TypeError, pa.ArrowException, SafetensorError) as error:
            raise InputError(
                f"The knowledge base {str(folder.path)!r} cannot be read: {error}"
            ) from error
        if (
            len(contents.passages) != sum(each.passages for each in entries)
            or len(contents.vectors) != sum(each.parts for each in entries)
            or len(contents.texts) != len(entries)
        ):
            raise InputError(
                f"The files of the knowledge base {str(folder.path)!r} do not belong together; "
                "copy it whole."
            )
        return contents
