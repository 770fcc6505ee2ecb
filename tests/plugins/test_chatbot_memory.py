"""Conversations of the chat page as they are kept: bounded, apart, and gone when deleted."""

from __future__ import annotations

import pytest

from deepfield.errors import DeepfieldError
from deepfield_chatbot import memory
from deepfield_chatbot.memory import About, Memory, new_id

HOUSE = About("house", "a")


def test_turns_come_back_in_order_and_one_is_replaced_in_its_place(home):
    kept, id = Memory(), new_id()
    assert kept.list(HOUSE) == []
    for number in range(3):
        kept.keep(id, HOUSE, "How it\n began", str(number), f"turn {number}")
    kept.keep(id, HOUSE, "later words", "1", "changed")
    assert kept.turns(id, HOUSE) == ["turn 0", "changed", "turn 2"]
    (listed,) = kept.list(HOUSE)
    assert (listed.id, listed.title, listed.turns) == (id, "How it began", 3)


def test_conversations_are_of_one_name_and_one_identity(home):
    kept, id = Memory(), new_id()
    kept.keep(id, HOUSE, "hello", "1", "{}")
    for other in (About("house", "b"), About("other", "a")):
        assert kept.turns(id, other) == []
        assert kept.list(other) == []
    kept.keep(new_id(), About("house", "b"), "hello", "1", "{}")
    assert kept.list(HOUSE) == []  # that knowledge base is no more


def test_number_and_size_are_bounded(home, monkeypatch):
    monkeypatch.setattr(memory, "MOST", 3)
    monkeypatch.setattr(memory, "MOST_TURNS", 4)
    monkeypatch.setattr(memory, "MOST_CHARACTERS", 100)
    kept, ids = Memory(), [new_id() for _ in range(5)]
    for id in ids:
        kept.keep(id, HOUSE, id, "1", "{}")
    assert [each.id for each in kept.list(HOUSE)] == ids[:1:-1]
    kept.keep(ids[2], HOUSE, "", "2", "{}")  # it is the latest now
    kept.keep(new_id(), HOUSE, "", "1", "{}")
    assert ids[2] in [each.id for each in kept.list(HOUSE)]
    for number in range(9):
        kept.keep(ids[2], HOUSE, "", f"short {number}", str(number))
    assert kept.turns(ids[2], HOUSE) == ["5", "6", "7", "8"]
    kept.keep(ids[2], HOUSE, "", "long", "x" * 99)
    assert kept.turns(ids[2], HOUSE) == ["8", "x" * 99]
    kept.keep(ids[2], HOUSE, "", "longer", "x" * 101)
    assert kept.turns(ids[2], HOUSE) == []


def test_what_is_deleted_cannot_be_read_back(home):
    kept, ids = Memory(), [new_id(), new_id()]
    for id in ids:
        kept.keep(id, HOUSE, "title", "1", f"secret {id}")
    kept.forget(ids[0])
    kept.forget(ids[0])  # twice is harmless
    assert [each.id for each in kept.list(HOUSE)] == [ids[1]]
    kept.forget_all("house")
    assert kept.list(HOUSE) == []
    written = b"".join(each.read_bytes() for each in home.glob("chatbot-conversations*"))
    assert b"secret" not in written


def test_broken_database_is_one_sentence(home):
    (home / "chatbot-conversations.sqlite").write_bytes(b"nonsense" * 200)
    with pytest.raises(DeepfieldError, match="conversations in .* cannot be used"):
        Memory().list(HOUSE)
