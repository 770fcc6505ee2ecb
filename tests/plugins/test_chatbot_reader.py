"""The reader's windows, spans and recipe; on questions of our own, with a network of two layers."""

from __future__ import annotations

import json

import click
import numpy as np
import pytest
import torch
from chatbots import TINY, questions, squad_files, tiny_opened
from click.testing import CliRunner
from safetensors.torch import load_file

from deepfield.neural.engines import TorchEngine
from deepfield.neural.weights import save_weights
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.pieces import CLS, SEP, open_tokenizer
from deepfield_chatbot.reader import best_span, read_pairs, whole_words, windows
from deepfield_chatbot.recipes import averaging, training
from deepfield_chatbot.recipes.averaging import mean_network
from deepfield_chatbot.recipes.distilling import taught, taught_loss
from deepfield_chatbot.recipes.features import collate, features, pieces_of
from deepfield_chatbot.recipes.learning import opened, span_loss, train_reader
from deepfield_chatbot.recipes.measuring import figures_of
from deepfield_chatbot.recipes.questions import VALIDATION, Question
from deepfield_chatbot.recipes.stages import Settings
from deepfield_chatbot.recipes.training import start_of

WALLS = "Moss grows on the north side of old walls. It drinks rain. "


@pytest.fixture(scope="module")
def tokenizer():
    return open_tokenizer(minilm_folder().file("tokenizer.json"))


def test_windows_overlap_and_cover_the_text(tokenizer):
    text = WALLS * 20
    cut = list(windows(tokenizer, [("Where?", text), ("Why?", "Short.")], 64, 32))
    assert max(len(each.ids) for each in cut) == 64
    assert all(each.ids[0] == CLS and each.ids[-1] == SEP for each in cut)
    of_first = [each for each in cut if each.pair == 0]
    assert of_first[0].offsets[0][0] == 0
    assert of_first[-1].offsets[-1][1] == len(text.rstrip())
    assert of_first[1].offsets[0] == of_first[0].offsets[32]
    assert [each.pair for each in cut][-1] == 1


def test_the_best_span_ends_after_it_begins_and_is_not_too_long():
    start, end = np.zeros(100), np.zeros(100)
    start[0] = end[0] = 1.0
    start[50], end[40], end[99], end[55] = 5, 9, 8, 4
    first, last, margin = best_span(start, end, first=10, count=90)
    assert (first, last) == (30, 30) or last >= first
    assert last - first < 30
    assert margin == pytest.approx(start[first + 10] + end[last + 10] - 2)


def test_the_span_network_reads_the_passage_alone():
    torch.manual_seed(0)
    network = SpanNetwork(TINY).eval()
    ids = torch.tensor([[CLS, 2054, SEP, 2023, 2003, SEP, 0, 0]])
    start, end = network(ids)
    assert start.shape == end.shape == (1, 8)
    assert (start[0] > -1e3).tolist() == [True, False, False, True, True, False, False, False]
    longer, _ = network(torch.cat([ids, torch.zeros(1, 5, dtype=torch.long)], dim=1))
    torch.testing.assert_close(longer[0, :8], start[0], atol=1e-5, rtol=1e-4)


def test_reading_answers_every_pair_whatever_goes_beside_it(tokenizer):
    torch.manual_seed(0)
    engine = TorchEngine(SpanNetwork(TINY), "cpu")
    pairs = [("Where does moss grow?", WALLS * 9), ("Why?", "Rain."), ("Why?", ""), ("", WALLS)]
    together = read_pairs(engine, tokenizer, pairs, 64, 32)
    for (_, text), span in zip(pairs, together, strict=True):
        assert 0 <= span.start <= span.end <= len(text)
    alone = read_pairs(engine, tokenizer, pairs[:1], 64, 32)[0]
    assert (alone.start, alone.end) == (together[0].start, together[0].end)
    assert together[2].margin == -np.inf


@pytest.mark.parametrize(
    ("text", "cut", "whole"),
    [
        ("Write to ines.a@post.example, please.", "ines.a@post", "ines.a@post.example"),
        ("To ines.a@post.example, please.", "@post.example, please", "ines.a@post.example, please"),
        ("It draws 1,450 watts.", "1", "1,450"),
        ("Open from 7:30 to 19:00.", "30 to 19", "7:30 to 19:00"),
        ("See https://a.example/b?c=1.", "example", "https://a.example/b?c=1"),
        ("It is in site-rules.txt now.", "rules", "site-rules.txt"),
        ("Kept in the file my-talks.sqlite.", "file my-talks", "file my-talks.sqlite"),
        ("It ends here. Another begins.", "here", "here"),
        ("1. Ask Mr Petrov.\n2. Smoke in hall 3.\n3. Go.", "Mr Petrov.\n2", "Mr Petrov."),
        ("- north of gate 2\n- elsewhere", "gate 2\n- elsewhere", "gate 2"),
        ("a line that is\nwrapped by hand", "that is\nwrapped", "that is\nwrapped"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_an_answer_cuts_nothing_that_is_one_and_keeps_to_its_item(text, cut, whole):
    start = text.index(cut)
    begins, ends = whole_words(text, start, start + len(cut))
    assert text[begins:ends] == whole


def test_a_text_without_a_space_takes_no_square_of_its_length():
    text = "a" * 2_000_000  # the square would take hours
    assert whole_words(text, 10, 1_000_000) == (10, 1_000_000)


def test_targets_are_the_pieces_of_the_answer(tokenizer):
    data = features(questions(), 64, 32, seed=0)
    assert len(data) == 12
    for ids, (start, end) in zip(data.ids, data.targets, strict=True):
        assert tokenizer.decode(ids[start : end + 1]) in {
            "arles", "bruges", "cork", "delft", "essen", "fano",
        }  # fmt: skip


def test_a_pass_sees_every_window_once():
    data = features(questions(), 64, 32, seed=0)
    batches = pieces_of(data, piece=6, batch=4, seed=0)
    seen = [tuple(row.tolist()) for number in (0, 1) for ids, _ in batches(number) for row in ids]
    assert len(set(seen)) == 12
    again = [ids.tolist() for ids, _ in batches(1)]
    assert again == [ids.tolist() for ids, _ in batches(1)]


def test_attention_that_learns_gives_what_that_which_answers_gives():
    network = opened(None, torch.device("cpu")).eval()
    answering = SpanNetwork(minilm_folder().config).eval()
    answering.load_state_dict(network.state_dict())
    ids = torch.tensor(
        [[CLS, 2054, SEP, 2023, 2003, SEP, 0, 0], [CLS, *[2054] * 3, SEP, *[2003] * 3]]
    )
    for one, other in zip(network(ids), answering(ids), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def go_on(network, data, folder, say=lambda line: None, loss=span_loss):
    settings = Settings(length=64, piece=12, batch=6, passes=4.0, rate=3e-3)
    device = torch.device("cpu")
    return train_reader(data, loss, network, questions(6), folder, settings, "tiny", device, say)


def tiny(seed):
    torch.manual_seed(seed)
    return SpanNetwork(TINY)


def losses(folder):
    lines = (folder / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def test_the_recipe_learns_and_goes_on(tmp_path):
    data, lines = features(questions(24), 64, 32, 0), []
    trained = go_on(tiny(0), data, tmp_path, lines.append)
    assert "24 windows (0% without answer), 8 pieces of 12" in lines[0]
    assert losses(tmp_path)[-1] < losses(tmp_path)[0]
    lines.clear()
    again = go_on(tiny(0), data, tmp_path, lines.append)  # whole already: nothing is learned anew
    assert len(lines) == 1
    for one, other in zip(trained.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    figures = figures_of(trained, questions(6), "cpu", 64, threshold=1e9)
    assert figures["f1_v1"] == figures["f1_v2"]


def test_a_student_hears_people_and_the_mean_of_its_teachers(tmp_path):
    data = features(questions(24), 64, 32, 0)
    teachers = [tiny(1).eval(), tiny(2).eval()]
    lessons = taught(data, 20, teachers, torch.device("cpu"), person=0.25)
    ids, likely = collate([lessons[place] for place in range(24)])
    with torch.inference_mode():
        mean = sum(torch.stack(each(ids), dim=1).softmax(dim=-1) for each in teachers) / 2
    torch.testing.assert_close(likely[20:], mean[20:], atol=1e-3, rtol=0)  # kept as float16
    people = torch.zeros_like(likely)
    for place, target in enumerate(data.targets):
        people[place, [0, 1], target] = 1.0
    torch.testing.assert_close(likely[:20], (0.75 * mean + 0.25 * people)[:20], atol=1e-3, rtol=0)
    go_on(tiny(3), lessons, tmp_path, loss=taught_loss)
    assert losses(tmp_path)[-1] < losses(tmp_path)[0]


def test_the_mean_of_networks_has_the_mean_of_their_weights():
    one, other = tiny(1), tiny(2)
    before = one.head.weight.clone()
    mean = mean_network([one, other])
    torch.testing.assert_close(mean.head.weight, (one.head.weight + other.head.weight) / 2)
    assert torch.equal(one.head.weight, before)


def test_a_stage_starts_from_the_one_before(tmp_path):
    assert start_of("warm", tmp_path) is start_of("main", tmp_path) is None
    with pytest.raises(click.UsageError, match="no finished run to start from: student or main"):
        start_of("sharp", tmp_path)
    for name in ("warm", "main", "student"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").touch()
        assert start_of("main", tmp_path).parent.name == "warm"
        if name != "warm":
            assert start_of("sharp", tmp_path).parent.name == name


def test_what_a_stage_is_to_start_from_is_looked_for_first(tmp_path):
    command = ["sharp", "--data", str(tmp_path), "--work", str(tmp_path)]
    done = CliRunner().invoke(training.main, [*command, "--start", str(tmp_path)])
    assert done.exit_code == 2
    assert "holds no weights.safetensors" in done.output
    done = CliRunner().invoke(training.main, command)
    assert done.exit_code == 2
    assert "no finished run to start from" in done.output


def test_runs_are_averaged_by_command_and_measured(tmp_path, monkeypatch):
    squad_files(tmp_path, VALIDATION)
    trained = {name: tiny(seed) for seed, name in enumerate(("main", "sharp"))}
    for name, network in trained.items():
        (tmp_path / name).mkdir()
        save_weights(network, tmp_path / name / "weights.safetensors", torch.float16)

    monkeypatch.setattr(averaging, "opened", tiny_opened)
    command = ["--data", str(tmp_path), "--output", str(tmp_path / "mean")]
    runs = [str(tmp_path / "main"), str(tmp_path / "sharp")]
    (tmp_path / "empty").mkdir()
    wrong = CliRunner().invoke(averaging.main, [*runs, str(tmp_path / "empty"), *command])
    assert wrong.exit_code == 2
    assert "holds no weights.safetensors" in wrong.output
    done = CliRunner().invoke(averaging.main, [*runs, *command])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "mean" / "figures.json").read_text())
    assert figures["measured"]["questions_v2"] == 6
    assert figures["each refused by the others"]["questions_v2"] == 12
    kept = load_file(tmp_path / "mean" / "weights.safetensors")["head.weight"]
    mean = (trained["main"].head.weight + trained["sharp"].head.weight) / 2
    torch.testing.assert_close(kept.float(), mean, atol=1e-3, rtol=0)


def test_the_loss_is_finite_where_nothing_is_answered():
    data = features([Question("1", "", WALLS, "Why?", ())], 64, 32, 0)
    assert data.targets.tolist() == [[0, 0]]
    loss = span_loss(SpanNetwork(TINY), *collate([data[0]]))
    assert torch.isfinite(loss)
