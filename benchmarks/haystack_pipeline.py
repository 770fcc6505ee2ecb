"""Haystack's pipeline of our parts, for ``answer_questions.py``; needs the extra ``haystack``."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from deepfield.models import ModelFolder
from deepfield_chatbot.answering import READ
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.knowledge_base import KnowledgeBase
from deepfield_chatbot.reader import build_reader

__all__ = ["Place", "Way", "has_haystack", "haystack"]

FEW = 20
"""Passages that each retriever gives to be joined."""

Place = tuple[str, int | None]
"""A paragraph: its document and page."""
Way = Callable[[str], tuple[str, set[Place]]]
"""From a question to the answer, and the paragraphs that were read for it."""


def has_haystack() -> bool:
    """Return whether Haystack is installed, and keep it from reporting to its makers unasked."""
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
    try:
        import haystack_integrations.components.embedders.sentence_transformers
        import haystack_integrations.components.readers.transformers  # noqa: F401  # tried
    except ImportError:
        return False
    return True


def haystack(base: KnowledgeBase, folder: ModelFolder) -> Way:
    """Index the same passages with Haystack, and return its pipeline."""
    import haystack as hs
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import (
        InMemoryBM25Retriever,
        InMemoryEmbeddingRetriever,
    )
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import ComponentDevice
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersTextEmbedder,
    )
    from haystack_integrations.components.readers.transformers import TransformersExtractiveReader
    from transformers import AutoTokenizer

    cpu, minilm = ComponentDevice.from_str("cpu"), str(minilm_folder().path)
    rows = base.contents.passages.to_pylist()
    texts = [": ".join([*row["headings"][-1:], row["text"]]) for row in rows]
    vectors = base.encoder.encode(texts)
    names = [each.name for each in base.contents.entries]
    store = InMemoryDocumentStore()
    store.write_documents(
        [
            hs.Document(
                id=str(number),
                content=row["text"],
                meta={"document": names[row["document"]], "page": row["page"]},
                embedding=vector.tolist(),
            )
            for number, (row, vector) in enumerate(zip(rows, vectors, strict=True))
        ]
    )
    length = folder.config["length"]
    reader = TransformersExtractiveReader(
        minilm, cpu, None, 1, max_seq_length=length, stride=length // 2, no_answer=False
    )
    # It would give its network no token types, which ours reads by: so ours, which finds them.
    reader.model = eager(folder)
    reader.tokenizer = AutoTokenizer.from_pretrained(minilm)
    reader.device = cpu
    embedder = SentenceTransformersTextEmbedder(
        model=minilm, device=cpu, token=None, progress_bar=False, local_files_only=True
    )
    pipeline = hs.Pipeline()
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("words", InMemoryBM25Retriever(store, top_k=FEW))
    pipeline.add_component("meaning", InMemoryEmbeddingRetriever(store, top_k=FEW))
    pipeline.add_component("joiner", DocumentJoiner("reciprocal_rank_fusion", top_k=READ))
    pipeline.add_component("reader", reader)
    pipeline.connect("embedder.embedding", "meaning.query_embedding")
    pipeline.connect("words", "joiner")
    pipeline.connect("meaning", "joiner")
    pipeline.connect("joiner", "reader")

    def answer(question: str) -> tuple[str, set[Place]]:
        said = pipeline.run(
            {
                "embedder": {"text": question},
                "words": {"query": question},
                "reader": {"query": question},
            },
            include_outputs_from={"joiner"},
        )
        read = {(each.meta["document"], each.meta["page"]) for each in said["joiner"]["documents"]}
        answers = said["reader"]["answers"]
        return answers[0].data if answers else "", read

    return answer


def eager(folder: ModelFolder) -> Any:
    """Return the reader's network as Haystack calls it."""
    import torch

    network = build_reader(folder).eval()

    def spans(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        start, end = network(input_ids)
        return SimpleNamespace(start_logits=start, end_logits=end)

    return spans
