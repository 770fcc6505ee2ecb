"""Knowledge bases by name, kept where fitted models are.

A changed one is written beside the old and takes its place when it is whole, so that who reads the
old one is not disturbed, and nothing is half done.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.folders import data_folder
from deepfield.models import ModelFolder
from deepfield.store import keep_model
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.knowledge_base import base_config

__all__ = ["keep_contents"]


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
