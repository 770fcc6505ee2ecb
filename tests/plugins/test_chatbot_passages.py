"""Passages follow paragraphs and headings, overlap where one is cut, and know their place."""

from __future__ import annotations

import itertools

from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.passages import cut
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.reading import read_document


def passages(data: str, name: str = "a.md", **how):
    document = read_document(data.encode(), name)
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    found = cut(document, tokenizer, **how)
    lengths = [
        len(tokenizer.encode(document.text[each.start : each.end], add_special_tokens=False))
        for each in found
    ]
    return document, found, [document.text[each.start : each.end] for each in found], lengths


def test_short_paragraphs_of_one_heading_share_a_passage():
    _, found, texts, _ = passages("# A\n\nOne.\n\nTwo.\n\n# B\n\nThree.\n")
    assert texts == ["One.\n\nTwo.", "Three."]
    assert [each.headings for each in found] == [("A",), ("B",)]


def test_long_paragraphs_are_cut_at_sentences_and_overlap():
    text = " ".join(f"Sentence number {number} tells of a garden wall." for number in range(60))
    _, found, texts, lengths = passages(text, "a.txt")
    assert max(lengths) <= 128 + 24
    assert all(each.endswith("wall.") and each.startswith("Sentence") for each in texts)
    for before, after in itertools.pairwise(found):
        assert after.parts[0] == before.parts[-1]


def test_nothing_of_a_text_is_lost_whatever_it_is_made_of():
    for text in ("word " * 3000, "東京は日本の首都です" * 300, "x" * 5000, "a. b? c! " * 500):
        document, found, _, lengths = passages(text, "a.txt")
        covered = set()
        for each in found:
            covered.update(range(each.start, each.end))
        left = [c for place, c in enumerate(document.text) if place not in covered and c.strip()]
        assert not left
        assert max(lengths) <= 128 + 80


def test_a_question_with_its_answer_is_a_passage_of_its_own():
    document, found, _, _ = passages("question,answer\nWhen?,At nine.\nWhere?,Here.\n", "a.csv")
    assert [document.text[each.answer : each.end] for each in found] == ["At nine.", "Here."]
