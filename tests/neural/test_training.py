from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from deepfield.errors import UsageError
from deepfield.neural.training import Schedule, multiplies_in_bfloat16, train


def setup(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(256, 4, generator=generator)
    targets = (inputs[:, 0] + inputs[:, 1] > 0).long()
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    data = TensorDataset(inputs, targets)

    def batches(epoch: int) -> DataLoader:
        return DataLoader(data, 32, shuffle=True, generator=torch.Generator().manual_seed(epoch))

    def loss(network, inputs, targets):
        return nn.functional.cross_entropy(network(inputs), targets)

    def validate(network):
        with torch.inference_mode():
            return {"score": float((network(inputs).argmax(1) == targets).float().mean())}

    return network, batches, loss, validate


def run(
    folder,
    epochs: int = 6,
    stop_after: int | None = None,
    said=None,
    recipe="",
    patience=None,
    judged: bool = True,
):
    network, batches, loss, validate = setup()
    seen = 0

    def report(done: float, figures=None) -> None:
        nonlocal seen
        assert 0 < done <= 1
        if figures:
            (said if said is not None else []).append(figures["epoch"])
            seen += 1
        if stop_after and seen == stop_after:
            raise KeyboardInterrupt

    schedule = Schedule(epochs=epochs, learning_rate=0.02, ema_decay=0.9, patience=patience)
    return train(
        network,
        batches,
        loss,
        validate if judged else lambda network: {},
        schedule,
        device=torch.device("cpu"),
        folder=folder,
        recipe=recipe,
        report=report,
    )


def test_it_learns_and_returns_the_best(tmp_path):
    trained = run(tmp_path)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(log) == 6
    assert max(line["score"] for line in log) > 0.95
    assert not trained.training


def test_resumed_training_ends_where_an_unbroken_one_does(tmp_path):
    whole = run(tmp_path / "whole")
    try:
        run(tmp_path / "broken", stop_after=3)
    except KeyboardInterrupt:
        said: list[int] = []
    resumed = run(tmp_path / "broken", said=said)
    assert said == [4, 5, 6]
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-6)


def test_where_nothing_chooses_the_last_epoch_counts_however_often_it_was_broken(tmp_path):
    whole = run(tmp_path / "whole", judged=False)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "broken", stop_after=2, judged=False)
    resumed = run(tmp_path / "broken", judged=False)
    last = torch.load(tmp_path / "broken" / "checkpoint.pt", weights_only=True)["average"]
    for name, value in resumed.state_dict().items():
        torch.testing.assert_close(value, last[name])
        torch.testing.assert_close(value, whole.state_dict()[name])


def test_training_stops_when_the_score_stands_still(tmp_path):
    said: list[int] = []
    run(tmp_path, epochs=60, said=said, patience=3)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    scores = [line["score"] for line in log]
    assert len(said) < 60
    assert scores.index(max(scores)) == len(scores) - 4


def test_another_recipe_does_not_go_on_from_this_one(tmp_path):
    run(tmp_path, epochs=1, recipe="smooth")
    with pytest.raises(UsageError, match="a run of another recipe"):
        run(tmp_path, epochs=1, recipe="rough")


def test_rate_warms_up_and_falls_to_nothing():
    schedule = Schedule(epochs=10, learning_rate=1.0, warmup_epochs=2)
    rates = [schedule.rate(epoch) for epoch in (0, 1, 2, 6, 10)]
    assert rates[0] < 0.01 < rates[1] < rates[2] == 1.0
    assert rates[2] > rates[3] > rates[4] == 0.0


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, True),
        ({"amx_bf16": False, "avx512_bf16": True}, True),
        ({"amx_bf16": False, "avx512_bf16": False}, False),
        ({}, False),
    ],
)
def test_bfloat16_is_for_cpus_with_instructions_for_it(monkeypatch, able, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert multiplies_in_bfloat16() is expected


def test_bfloat16_is_left_where_torch_cannot_tell(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert multiplies_in_bfloat16() is False
