"""Knowledge bases by name, kept where fitted models are: made, added to, and taken from.

A changed one is written beside the old and takes its place when it is whole, so that who reads the
old one is not disturbed, and nothing is half done.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deepfield.domain import Domain
from deepfield.errors import DeepfieldError, InputError
from deepfield.folders import data_folder
from deepfield.models import ModelFolder
from deepfield.store import check_new_name, find_model, keep_model
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.document import Document
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.knowledge_base import add_documents, base_config
from deepfield_chatbot.reading import SUFFIXES, read_document

__all__ = [
    "Change",
    "change_knowledge_base",
    "keep_contents",
    "make_knowledge_base",
    "read_documents",
]


@dataclass(frozen=True)
class Change:
    """What came of making or changing a knowledge base."""

    folder: ModelFolder
    contents: Contents
    problems: dict[str, str]
    """A file's name -> why it could not be read. The others are in."""


def read_documents(paths: Iterable[Path]) -> tuple[list[Document], dict[str, str]]:
    """Read files, and what is of a known kind in folders; say why others cannot be read.

    A file in a folder is named by its path from there.
    """
    documents, problems = [], {}
    for path in paths:
        if path.is_dir():
            files = [
                (file, file.relative_to(path).as_posix())
                for file in sorted(path.rglob("*"))
                if file.suffix.lower() in SUFFIXES and file.is_file()
            ]
        else:
            files = [(path, path.name)]
        for file, name in files:
            try:
                documents.append(read_document(file, name))
            except InputError as error:
                problems[name] = str(error)
    return documents, problems


def make_knowledge_base(
    domain: Domain,
    name: str,
    sources: Iterable[Path],
    encoder: Encoder,
    report: Callable[[float], None] = lambda done: None,
    overwrite: bool = False,
) -> Change:
    """Index documents under a new name.

    Raises:
        UsageError: if the name cannot be taken.
        InputError: if none of the files can be read; of one file, why.
    """
    check_new_name(domain, name, overwrite)
    documents, problems = read_documents(sources)
    if not documents:
        raise InputError(next(iter(problems.values()), "No documents were given."))
    contents = add_documents(Contents.empty(), documents, encoder, report)
    return _keep(domain, name, contents, problems, overwrite)


def change_knowledge_base(
    domain: Domain,
    name: str,
    encoder: Encoder,
    add: Iterable[Path] = (),
    remove: Iterable[str] = (),
    report: Callable[[float], None] = lambda done: None,
) -> Change:
    """Add and replace documents, and remove some by name; no other is encoded again.

    Raises:
        NotFoundError: if there is no such knowledge base, or no document of a name to remove.
    """
    contents = Contents.load(ModelFolder(find_model(domain, name).folder))
    for each in remove:
        contents = contents.without(each)
    documents, problems = read_documents(add)
    contents = add_documents(contents, documents, encoder, report)
    return _keep(domain, name, contents, problems, overwrite=True)


def keep_contents(
    domain: Domain, name: str, contents: Contents, overwrite: bool = False
) -> ModelFolder:
    """Write contents as the knowledge base of that name, whole or not at all.

    Raises:
        UsageError: if the name cannot be taken.
        DeepfieldError: if the disk does not allow it.
    """
    fitted = datetime.now(UTC).isoformat(timespec="seconds")
    config = base_config(contents, domain.models[0].name, {"fitted": fitted})
    home = data_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".indexing-") as aside:
            made = Path(aside) / "made"
            contents.save(made, config)
            (made / "README.md").write_text(_card(name, contents, fitted), encoding="utf-8")
            place = keep_model(domain, name, made, overwrite)
    except OSError as error:
        raise DeepfieldError(f"Cannot write into {str(home)!r}: {error.strerror}.") from error
    return ModelFolder(place)


def _keep(
    domain: Domain, name: str, contents: Contents, problems: dict[str, str], overwrite: bool
) -> Change:
    return Change(keep_contents(domain, name, contents, overwrite), contents, problems)


def _card(name: str, contents: Contents, fitted: str) -> str:
    """Return the model card; what documents are called stays out of it, for it is Markdown."""
    kinds = Counter(each.kind for each in contents.entries)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    return f"""# {name}

A knowledge base, last changed on {fitted[:10]}: {len(contents.entries):,} documents
({listed or "none"}), {len(contents):,} passages.

The folder holds what these documents say: share it only with those who may read them. It answers
with words of the documents, or says that they do not say; nothing of it was measured.
"""
