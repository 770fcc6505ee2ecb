"""The network, what it learns from, and that it learns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from deepfield.neural.training import Schedule
from deepfield_datasets.roads import RoadOptions, render
from deepfield_lane_detection.network import LaneNetwork, NetworkConfig, backbone
from deepfield_lane_detection.recipes.folds import FOLDS, fold_of
from deepfield_lane_detection.recipes.judging import judge
from deepfield_lane_detection.training.augmentation import Strength, changed, to_network
from deepfield_lane_detection.training.learning import Stage, learn
from deepfield_lane_detection.training.loss import LaneLoss
from deepfield_lane_detection.training.scenes import LaneDataset, Scenes
from deepfield_lane_detection.training.targets import targets_of
from deepfield_lane_detection.training.validating import ask, benchmark

SMALL = NetworkConfig(height=64, width=96, channels=16, layers=1)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    options = RoadOptions(width=192, height=108, weather="clear", time="day", cameras="motorway")
    roads = [render(3_000_000 + seed, options) for seed in range(6)]
    return Scenes.of_pictures((road.image, [lane.points for lane in road.lanes]) for road in roads)


def test_the_backbone_without_norms_is_the_same_function():
    import timm

    torch.manual_seed(0)
    whole = timm.create_model("mobilenetv2_100", num_classes=0, pad_type="same").eval()
    for norm in whole.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
            torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
    folded = backbone(SMALL, whole.state_dict())
    assert not any(isinstance(each, torch.nn.BatchNorm2d) for each in folded.modules())
    pixels = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.allclose(whole(pixels), folded(pixels), atol=1e-3)


def test_a_network_answers_for_every_place_and_row():
    with torch.inference_mode():
        places, presence, existence, texture = LaneNetwork(SMALL).eval()(
            torch.zeros(2, 64, 96, 3, dtype=torch.uint8)
        )
    assert places.shape == (2, 6, 16, 12)
    assert presence.shape == (2, 6, 16)
    assert existence.shape == (2, 6)
    assert texture.shape == (2, 192)


def test_lines_stay_on_their_paint_however_a_scene_is_changed():
    """A bright line on dark ground stays under its label."""
    picture = np.full((270, 480, 3), 40, dtype=np.uint8)
    line = np.stack([np.linspace(240, 100, 60), np.linspace(100, 269, 60)], axis=1)
    for x, y in line:
        picture[int(y) - 1 : int(y) + 2, int(x) - 3 : int(x) + 4] = 255
    strength = Strength(light=0.0, blur=0.0, noise=0.0, hide=0.0)
    for seed in range(8):
        generator = np.random.default_rng(seed)
        pixels, (moved,), box = changed(picture, [line], (192, 320), strength, generator)
        inside = moved[
            (moved[:, 0] > box[0] + 4) & (moved[:, 0] < box[2] - 4)
            & (moved[:, 1] > box[1] + 4) & (moved[:, 1] < box[3] - 4)
        ]  # fmt: skip
        x, y = np.rint(inside).astype(int).T
        # Rotated corners of the picture lie inside its box and show nothing.
        assert (pixels[y, x].mean(axis=1) > 120).mean() > 0.85, seed
        assert len(inside) > 20


def test_nothing_changes_where_nothing_is_to_change(scenes):
    dataset = LaneDataset(scenes, (64, 96), 16)
    assert torch.equal(dataset[0][0], dataset[0][0])
    assert dataset[0][1].shape == (2, 6, 16)


def test_the_loss_takes_the_cheaper_of_two_ways_to_count():
    targets = torch.full((1, 2, 6, 16), torch.nan)
    targets[0, 0, 1], targets[0, 1, 2] = 40.0, 40.0  # the line is "left 2", or "left"
    answers = []
    for place in (1, 2, 4):
        places = torch.zeros(1, 6, 16, 12)
        places[0, place, :, 4:6] = 20.0
        presence, existence = torch.full((1, 6, 16), -9.0), torch.full((1, 6), -9.0)
        presence[0, place], existence[0, place] = 9.0, 9.0
        answers.append(float(LaneLoss(96).of(places, presence, existence, targets)))
    assert answers[0] == pytest.approx(answers[1])
    assert answers[0] < 1 < answers[2]


def test_scenes_are_read_back_as_they_were_written(scenes, tmp_path):
    scenes.write(tmp_path / "0.parquet")
    again = Scenes.of_files([tmp_path / "0.parquet"])
    assert list(again.pictures) == list(scenes.pictures)
    assert all(
        np.allclose(one, other, atol=0.06)
        for lines, others in zip(scenes.lanes, again.lanes, strict=True)
        for one, other in zip(lines, others, strict=True)
    )


def test_perfect_answers_score_all_and_none_score_nothing(scenes):
    size, rows = (192, 320), 48
    places, presence = np.full((6, 6, rows, 40), -9.0), np.full((6, 6, rows), -9.0)
    existence = np.full((6, 6), -9.0)
    for i in range(len(scenes)):
        _, moved, box = to_network(scenes.decoded(i), scenes.lanes[i], size)
        wanted = targets_of(moved, box, size, rows)[0]
        for place, row in zip(*np.nonzero(~np.isnan(wanted)), strict=True):
            column = (wanted[place, row] + 0.5) / 8 - 0.5
            low = int(np.clip(np.floor(column), 0, 38))
            share = np.clip(column - low, 1e-3, 1 - 1e-3)
            places[i, place, row, [low, low + 1]] = np.log([1 - share, share])
            presence[i, place, row], existence[i, place] = 9.0, 9.0
    from deepfield_lane_detection.placing import lines_from

    lines = lines_from(places, presence, existence, size[1])
    assert benchmark(lines, scenes, size)["accuracy"] > 0.97
    found = judge(lines, scenes, size)
    assert found.matched[existence > 0].all()
    assert found.own_lane_right(existence > 0).all()
    assert benchmark(lines, scenes, size, threshold=1.1)["accuracy"] == 0


def test_what_is_held_out_is_far_from_what_is_learned_from():
    rows = pd.DataFrame(
        {"date": "0313-1", "seconds": np.sort(np.random.default_rng(0).uniform(0, 2600, 133))}
    )
    held = []
    for fold in range(FOLDS):
        own, out = fold_of(rows, fold)
        held += list(out)
        apart = np.abs(rows["seconds"].to_numpy()[own][:, None] - rows["seconds"].to_numpy()[out])
        assert apart.min() >= 20
        assert len(own) > 60
    assert sorted(held) == list(range(133))


def test_a_few_steps_of_learning_help(scenes, tmp_path):
    torch.manual_seed(0)
    network = LaneNetwork(SMALL).eval()
    dataset = LaneDataset(scenes, (64, 96), 16)
    pixels, targets = (
        torch.stack(each) for each in zip(*(dataset[i] for i in range(6)), strict=True)
    )
    loss = LaneLoss(96)
    with torch.inference_mode():
        before = float(loss(network, pixels, targets))
    stage = Stage(
        "test", [scenes], Schedule(4, 3e-3, warmup_epochs=0.2, ema_decay=0.5),
        Strength(zoom=0, shift=0, turn=0, light=0, blur=0, noise=0, hide=0), batch=6, an_epoch=24,
    )  # fmt: skip
    figures: list[dict[str, float]] = []
    learned = learn(
        network, stage, [("roads", scenes)], tmp_path,
        lambda done, found=None: figures.append(dict(found)) if found else None, "cpu",
    )  # fmt: skip
    with torch.inference_mode():
        assert float(loss(learned, pixels, targets)) < 0.85 * before
    assert len(figures) == 4
    assert ask(learned, dataset)[1].shape == (6, 6)
