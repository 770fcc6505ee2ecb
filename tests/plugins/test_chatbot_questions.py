"""The questions that the reader learns from: read, taken from, altered; on some of our own."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from chatbots import questions

from deepfield.errors import InputError
from deepfield_chatbot.recipes.hasty import hasty
from deepfield_chatbot.recipes.learning import unanswerable
from deepfield_chatbot.recipes.questions import (
    Answer,
    Question,
    load_sets,
    located,
    rejoined,
)
from deepfield_chatbot.recipes.stages import STAGES
from deepfield_chatbot.recipes.swapping import Kinds, swapped
from deepfield_chatbot.recipes.unanswerable import (
    altered,
    paired_with_others,
    with_answer_taken_out,
)

WALLS = "Moss grows on the north side of old walls. It drinks rain. "


def test_questions_paired_with_others_have_no_answer_there():
    made = list(paired_with_others(questions(), 0.5, seed=0))
    assert len(made) == 6
    by_id = {each.id: each for each in questions()}
    for each in made:
        original = by_id[each.id.removesuffix("-elsewhere")]
        assert not each.answers
        assert each.context != original.context
        assert original.answers[0].text not in each.context


def about(question, context, answer):
    return Question(question, "one", context, question, (Answer(answer, context.index(answer)),))


def test_an_answer_is_taken_out_with_its_sentence_unless_the_rest_says_it_too():
    rest = "Its keeper kept a diary of the weather, and of the ships that passed by at night. " * 2
    told = about("When was the lamp lit?", f"The lamp was lit in 1871. {rest}", "1871")
    twice = about(
        "When did it burn?", f"It burned in 1902. {rest} All of 1902 it stood dark.", "1902"
    )
    (made,) = with_answer_taken_out([told, twice], 1.0, seed=0)
    assert not made.answers
    assert made.question == told.question
    assert made.context == rest.strip()


@pytest.mark.parametrize(
    ("question", "changed", "denied"),
    [
        (
            "Where did Ruth Ames live?",
            "Where did Otto Brandt live?",
            "Where didn't Ruth Ames live?",
        ),
        ("What was built in 1871?", "What was built in 1902?", "What wasn't built in 1871?"),
        ("What is the largest bell?", "What is the smallest bell?", "What isn't the largest bell?"),
    ],
)
def test_an_altered_question_changes_one_thing_of_the_paragraph(question, changed, denied):
    context = (
        "In 1871 they met Ruth Ames and Otto Brandt, who cast the largest bell of 1902 in Ulm."
    )
    asked = [about(question, context, "in Ulm")]
    made = {each.question for seed in range(60) for each in altered(asked, 1.0, seed)}
    assert made >= {changed, denied}
    assert question not in made
    assert not any("Ulm" in each for each in made), "the answer is put in for nothing"


@pytest.mark.parametrize("question", ["Why?", "", "Why can't it rain?", "Why is it not dry?"])
def test_a_question_with_nothing_to_change_is_not_altered(question):
    assert not list(altered([about(question, "It rained in Ulm.", "It rained")] * 60, 1.0, seed=0))


def test_a_name_that_begins_a_question_stays_whole():
    context = "In 1871 they met Ruth Ames and Otto Brandt, who cast the bell in Ulm."
    asked = [about("Ruth Ames was met when?", context, "1871")]
    made = {each.question for seed in range(60) for each in altered(asked, 1.0, seed)}
    assert made == {"Otto Brandt was met when?", "Ulm was met when?", "Ruth Ames wasn't met when?"}


def test_what_people_asked_in_vain_is_learned_again():
    vain = Question("v", "title 0", "Rain fell.", "Who sang?", ())
    asked = [*questions(), vain]
    made = unanswerable(asked, STAGES["main"], seed=0)
    assert made.count(vain) == STAGES["main"].again - 1
    assert all(not each.answers for each in made)
    assert made == unanswerable(asked, STAGES["main"], seed=0)


@pytest.fixture(scope="module")
def kinds():
    return Kinds(["The kingdom was large, the castle was old.", "A palace was small."])


def test_a_word_may_stand_for_another_of_its_kind_between_the_same_words(kinds):
    assert kinds.others("the", "kingdom", "was") == ["castle"]
    assert kinds.others("the", "kingdom", "fell") == [], "no text has a castle before 'fell'"
    assert kinds.others("the", "castles", "was") == ["kingdom"], "castle is the same word"
    assert "two" in kinds.others("of", "three", "men")
    assert kinds.others("the", "largest", "bell") == ["fewest", "smallest"]
    assert kinds.others("in", "the", "war") == []


def test_a_word_is_swapped_in_the_question_in_the_paragraph_or_in_both():
    context = "On 3 May 1871 the largest ship of the three left Cork, and two sailors were lost."
    asked = [about("Where did the largest of the three ships leave in 1871?", context, "Cork")]
    made = list(swapped(asked * 80, 1.0, seed=0))
    for each in made:
        same = (each.question == asked[0].question, each.context == context)
        assert bool(each.answers) == (same == (False, False))
        assert same != (True, True)
        assert "Cork" in each.context, "the answer stays"
        for answer in each.answers:
            assert each.context[answer.start :].startswith("Cork")
    assert len({(each.question, each.context) for each in made}) > 10
    assert "Where did the smallest of the three ships leave in 1871?" in {
        each.question for each in made
    }
    assert all("two" not in each.question for each in made), "it is in the paragraph too"
    assert made == list(swapped(asked * 80, 1.0, seed=0))


@pytest.mark.parametrize(
    ("question", "context", "answer"),
    [
        ("How large is it?", "The large wood has 5 trees.", "5 trees"),  # what is asked for
        ("Why isn't the largest bell rung?", "The largest bell is cracked.", "cracked"),
        ("Who saw the largest bell?", "The largest bell hung here. Ann saw it.", "Ann"),
        ("Who saw the largest?", "Ann saw the largest.", "the largest"),  # part of the answer
    ],
)
def test_a_word_stays_whose_change_may_leave_the_answer(question, context, answer):
    assert not list(swapped([about(question, context, answer)] * 40, 1.0, seed=0))


def test_another_form_of_a_changed_word_does_not_stay_in_the_paragraph():
    context = "The first ship left Cork. Ships sank. It was the first."
    asked = [about("Where did the first ship leave?", context, "Cork")] * 80
    made = list(swapped(asked, 1.0, seed=0))
    assert made
    assert not any("first" in each.context for each in made if each.context != context)
    numbers = about("Which 2 ships had crew?", "All 2 ships had 2,000 men, 2.5 each.", "2,000 men")
    for each in swapped([numbers] * 40, 1.0, seed=0):
        assert each.context.endswith("2,000 men, 2.5 each.")


def test_what_people_asked_too_is_not_made():
    context = "The largest bell and the old one hang in Ulm."
    both = [
        about(f"Where is the {word} bell?", context, "in Ulm") for word in ("largest", "smallest")
    ]
    made = {(each.question, each.context) for each in swapped(both * 40, 1.0, seed=0)}
    assert (both[1].question, context) not in made


def test_a_question_without_answer_has_none_with_other_words_either():
    vain = Question("v", "one", "In 1871 the largest ship sank.", "Who sank the largest ship?", ())
    (made,) = swapped([vain], 1.0, seed=0)
    assert not made.answers
    assert made.question != vain.question
    assert made.context != vain.context


@pytest.mark.parametrize(
    ("context", "question", "pattern"),
    [
        (
            "It fell in the 16th century.",
            "What fell in the 16th century?",
            r"1\d(st|nd|rd|th)",
        ),
        ("It paid 4,000 marks.", "What paid 4,000 marks?", r"[1-9],\d\d\d"),
        ("In 1871 it fell.", "What fell in 1871?", r"1(8|9)\d\d"),
    ],
)
def test_numbers_are_swapped_for_numbers_of_their_form(context, question, pattern):
    asked = [about(question, context, context.split()[0])]
    made = {each.question for each in swapped(asked * 60, 1.0, seed=0)}
    numbers = {number for each in made for number in re.findall(r"\d\S*?(?=[ ?])", each)}
    assert len(numbers) > 3
    assert all(re.fullmatch(pattern, number) for number in numbers), numbers


def test_in_haste_people_leave_out_articles_and_the_question_mark():
    context = "The clerk books the trains on a Monday."
    asked = [about("Who books the trains on a Monday?", context, "The clerk")] * 40
    made = list(hasty(asked, 0.5, seed=0))
    assert {each.question for each in made} == {asked[0].question, "Who books trains on Monday"}
    assert {(each.context, each.answers) for each in made} == {(context, asked[0].answers)}
    (short,) = hasty([about("the ?", context, "clerk")], 1.0, seed=0)
    assert short.question, "something is left"


def test_text_split_by_a_tokenizer_is_joined_with_its_spans():
    text = "The Pope ( John Paul II ) , of Poland , could n't come . It 's well - known ."
    start = text.index("John")
    joined, spans = rejoined(text, [(start, start + 12), (0, len(text))])
    assert joined == "The Pope (John Paul II), of Poland, couldn't come. It's well-known."
    assert joined[slice(*spans[0])] == "John Paul II"
    assert spans[1] == (0, len(joined))


def test_of_several_occurrences_the_one_near_the_question_is_meant():
    context = (
        "In 1912 the wall fell." + " Nothing happened for long." * 8 + " The shed burnt in 1912."
    )
    assert located(context, "1912", "When did the shed burn down?", 3) == context.rindex("1912")
    assert located(context, "shed", "What burnt?", 7) == 7


def test_sets_are_read_each_with_its_traps(tmp_path):
    def write(name, text):
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as file:
            file.write(text)

    answer = {"text": "rain", "answer_start": WALLS.index("rain")}
    squad = {
        "title": "Moss",
        "paragraphs": [
            {
                "context": WALLS,
                "qas": [
                    {"id": "1", "question": "What does it drink?", "answers": [answer]},
                    {
                        "id": "2",
                        "question": "What does it eat?",
                        "answers": [],
                        "is_impossible": True,
                        "plausible_answers": [answer],
                    },
                ],
            }
        ],
    }
    for name in ("squad-v1.1.36-articles.json.gz", "squad-v2.0.articles.json.gz"):
        write(name, json.dumps({"data": [squad]}))
    row = {
        "id": "3", "title": "", "context": WALLS, "question": "What does it drink?",
        "answers": [answer], "is_impossible": False,
    }  # fmt: skip
    seen = {**row, "id": "4", "squad_dev_overlap": True}
    write("squad-train.sample.jsonl.gz", f"{json.dumps(row)}\n{json.dumps(seen)}\n")
    qed = {
        "example_id": 5, "title_text": "Moss", "question_text": "what does moss drink",
        "paragraph_text": "Moss , they say , drinks rain .", "answer_spans": [[25, 29]],
    }  # fmt: skip
    apart = {**qed, "example_id": 6, "answer_spans": [[0, 4], [25, 29]]}
    write("nq-train-00-qed.jsonlines.gz", f"{json.dumps(qed)}\n{json.dumps(apart)}\n")
    found = {each.id: each for each in load_sets(tmp_path, ["squad", "squad-sample", "qed"])}
    assert set(found) == {"1", "2", "3", "qed-5"}
    assert [bool(each.answers) for each in found.values()] == [True, False, True, True]
    for each in found.values():
        for one in each.answers:
            assert each.context[one.start : one.start + len(one.text)] == one.text == "rain"
    assert found["3"].title  # kin are found by their paragraph
    assert found["qed-5"].question == "what does moss drink?"
    with pytest.raises(InputError, match="tydiqa-en"):
        load_sets(tmp_path, ["tydi"])
