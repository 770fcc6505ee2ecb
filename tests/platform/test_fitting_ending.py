"""However a fit ends, nothing half made stays and how it ended is written down."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys

import pytest
from deepfield_flowers import SPECIES, Flowers
from deepfield_flowers.linear import LinearPredictor

import deepfield
from deepfield.background import fit_in_background, prepare_fit, run_fit, starting
from deepfield.errors import ContractError, DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.fits import find_fit, forget_fit, list_fits, start_fit
from deepfield.fitting import Fitting, Stopped
from deepfield.fitting.ending import ended
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.store import find_model, fitted_models, keep_model


def test_cancel_leaves_nothing_and_says_so(irises, home):
    fitting = Fitting(Flowers(), irises, name="mine", options={"steps": 50})
    fitting.on_progress = lambda progress: fitting.cancel() if progress.figures else None
    with pytest.raises(Stopped, match="nothing of it was kept"):
        fitting.run()
    (fit,) = list_fits()
    assert (fit.state, len(fit.log)) == ("stopped", 1)
    assert not fit.work.exists()
    assert not (home / "models").exists()


def test_ctrl_c_is_a_cancel(irises):
    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(Stopped):
        Fitting(Flowers(), irises, name="mine", on_progress=interrupt).run()
    assert list_fits()[0].state == "stopped"


def test_ctrl_c_that_comes_too_late_tells_the_truth(irises, registry, monkeypatch):
    def keep(*arguments, **named):
        keep_model(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr("deepfield.fitting.fitting.keep_model", keep)
    with pytest.raises(Stopped, match="too late to stop: the model 'mine' is whole"):
        Fitting(Flowers(), irises, name="mine").run()
    (fit,) = list_fits()
    assert (fit.state, fit.done, fit.message) == ("done", 1.0, "")
    assert [each.name for each in fitted_models(Flowers())] == ["mine"]


def test_of_two_fits_to_one_name_the_first_to_end_wins(irises):
    slow = Fitting(Flowers(), irises, name="mine")
    quick = Fitting(Flowers(), irises.head(120), name="mine").run()
    with pytest.raises(UsageError, match="has a fitted model 'mine' already"):
        slow.run()
    assert list_fits()[0].state == "failed" or list_fits()[1].state == "failed"
    assert ModelFolder(find_model(Flowers(), "mine").folder).hash == quick.folder.hash


def test_a_mistyped_path_is_said_before_a_model_is_loaded(tmp_path, registry, monkeypatch):
    def never(*arguments, **named):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("deepfield.fitting.fitting.load_model", never)
    monkeypatch.setattr("deepfield.api.load_model", never)
    with pytest.raises(InputError, match="No file or folder 'irisses.csv'"):
        deepfield.fit("flowers", "irisses.csv", name="mine", registry=registry)
    with pytest.raises(InputError, match="No file or folder 'irisses.csv'"):
        deepfield.evaluate("flowers", "irisses.csv", registry=registry)


def test_what_keeps_a_prepared_fit_from_starting_is_recorded(tmp_path):
    for error in (DeepfieldError("No space."), OSError(errno.ENOSPC, "No space left")):
        fit = prepare_fit("flowers", "mine", "x", "dashboard")
        with pytest.raises(type(error)), starting(fit):
            raise error
        assert find_fit(fit.id).state == "failed"
        assert "No space" in find_fit(fit.id).message
        assert not fit.work.exists()


def test_another_process_may_stop_a_fit_by_its_folder(irises):
    fitting = Fitting(Flowers(), irises, name="mine", options={"steps": 50})
    fitting.on_progress = lambda progress: find_fit(fitting.fit.id).stop()
    with pytest.raises(Stopped):
        fitting.run()


@pytest.mark.parametrize(
    ("raised", "expected", "said"),
    [
        (OSError(errno.ENOSPC, "No space left"), DeepfieldError, "the disk is full"),
        (ZeroDivisionError("division by zero"), ZeroDivisionError, "division by zero"),
    ],
)
def test_failure_is_recorded_and_leaves_nothing(irises, monkeypatch, raised, expected, said):
    def broken(cls, *arguments, **named):
        raise raised

    monkeypatch.setattr(LinearPredictor, "fit", classmethod(broken))
    with pytest.raises(expected, match=said):
        Fitting(Flowers(), irises, name="mine").run()
    (fit,) = list_fits()
    assert fit.state == "failed"
    assert said in fit.message
    assert not fit.work.exists()
    assert fitted_models(Flowers()) == []


def test_a_fit_that_writes_no_model_breaks_the_contract(irises, monkeypatch):
    monkeypatch.setattr(LinearPredictor, "fit", classmethod(lambda cls, *a, **k: None))
    with pytest.raises(ContractError, match="wrote no model"):
        Fitting(Flowers(), irises, name="mine").run()


def test_a_fit_that_ignores_the_classes_breaks_the_contract(irises, monkeypatch):
    own = irises.assign(label=irises["label"].str.upper())
    honest = LinearPredictor.load.__func__
    monkeypatch.setattr(
        LinearPredictor,
        "load",
        classmethod(lambda cls, f, device: cls(SPECIES, honest(cls, f).weights)),
    )
    with pytest.raises(ContractError, match="does not take its classes from the rows"):
        Fitting(Flowers(), own, name="mine").run()


def test_a_fit_whose_process_is_gone_is_lost_and_cleared(home):
    fit = start_fit(domain="flowers", name="mine", source="x", face="python")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    fit.update(process=gone.pid)
    assert fit.work.is_dir()
    assert [each.state for each in list_fits("flowers")] == ["lost"]
    assert not fit.work.exists()
    forget_fit(fit.id)
    assert list_fits() == []
    with pytest.raises(NotFoundError):
        find_fit(fit.id)


def test_a_running_fit_is_not_forgotten():
    fit = start_fit(domain="flowers", name="mine", source="x", face="python")
    with pytest.raises(DeepfieldError, match="is running; stop it first"):
        forget_fit(fit.id)


@pytest.mark.parametrize("id", ["../runs", "", "nothing"])
def test_a_fit_is_found_only_by_a_plain_identifier(id):
    with pytest.raises(NotFoundError):
        find_fit(id)


def test_run_of_a_prepared_fit_keeps_its_record(irises, registry, monkeypatch):
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: registry))
    fit = prepare_fit("flowers", "mine", "my upload.csv", "dashboard")
    irises.to_csv(fit.work / "upload.csv", index=False)
    asked = {"path": str(fit.work / "upload.csv"), "base": None, "label": "label"}
    fit.update(
        request={**asked, "group": None, "columns": {}, "overwrite": False, "options": {"steps": 2}}
    )
    run_fit(fit.id)
    done = find_fit(fit.id)
    assert (done.state, done.done, done.base, len(done.log)) == ("done", 1.0, "linear", 2)
    assert done.process == os.getpid()
    assert done.result["source"] == "my upload.csv"
    assert not done.work.exists()
    assert "my upload.csv" in ModelFolder(find_model(Flowers(), "mine").folder).card


def test_a_wrong_request_ends_a_prepared_fit_with_its_sentence(irises, registry, monkeypatch):
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: registry))
    fit = prepare_fit("flowers", "mine", "rows.csv", "dashboard")
    irises.drop(columns="label").to_csv(fit.work / "upload.csv", index=False)
    asked = {"path": str(fit.work / "upload.csv"), "base": None, "label": "label"}
    fit.update(request={**asked, "group": None, "columns": {}, "overwrite": False, "options": {}})
    run_fit(fit.id)
    found = find_fit(fit.id)
    assert found.state == "failed"
    assert "'rows.csv' has no column 'label'" in found.message
    assert not found.work.exists()


def test_a_process_that_dies_at_once_is_recorded(monkeypatch, tmp_path):
    (tmp_path / "broken").write_text("import sys; print('no such thing'); sys.exit(7)")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    fit = fit_in_background(prepare_fit("flowers", "mine", "x", "dashboard"), tmp_path / "x.csv")
    from threading import enumerate as threads

    for thread in threads():
        if "_watch" in thread.name:
            thread.join(20)
    assert find_fit(fit.id).state == "failed"
    assert "ended with code 1" in find_fit(fit.id).message


@pytest.fixture
def fit():
    made = start_fit(domain="bright", name="mine", source="pictures", face="python")
    (made.work / "model").mkdir()
    (made.work / "model" / "config.json").write_text("{}")
    return made


def test_a_second_interrupt_while_it_is_cleared_up_changes_nothing(fit, monkeypatch):
    removed, settled = shutil.rmtree, []

    def interrupted(path, **how):
        monkeypatch.setattr(shutil, "rmtree", removed)
        signal.raise_signal(signal.SIGINT)

    def settle(state, message):
        settled.append(state)
        if len(settled) == 1:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with (
        pytest.raises(Stopped, match="nothing of it was kept"),
        ended(fit, "mine", lambda: False, settle),
    ):
        raise KeyboardInterrupt
    assert not fit.work.exists()
    assert settled == ["stopped", "stopped"]


def test_a_model_in_its_place_is_kept_whatever_comes(fit):
    settled = []
    with (
        pytest.raises(Stopped, match="too late to stop"),
        ended(fit, "mine", lambda: True, lambda state, message: settled.append(state)),
    ):
        raise KeyboardInterrupt
    assert settled == ["done"]
    assert not fit.work.exists()
