"""Fit and Evaluate in a real browser, with the stranger's plugin."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from playwright.sync_api import Page, expect
from sklearn.datasets import load_iris

from deepfield.store import remove_model

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(dashboard_home, serve_dashboard, tmp_path_factory) -> Iterator[str]:
    info = tmp_path_factory.mktemp("installed") / "flowers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flowers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfield]\nflowers = deepfield_flowers\n")
    code = "from deepfield.cli import main; main()"
    command = [sys.executable, "-c", code, "dashboard", "--no-browser", "--port"]
    with pytest.MonkeyPatch.context() as patch:
        path = os.pathsep.join([str(info.parent), os.environ["PYTHONPATH"]])
        patch.setenv("PYTHONPATH", path)
        yield from serve_dashboard(command, Path("/"), dashboard_home)


@pytest.fixture(scope="module")
def irises(tmp_path_factory) -> Path:
    found = load_iris()
    frame = pd.DataFrame(found.data, columns=Flowers.inputs.names)
    place = tmp_path_factory.mktemp("rows") / "irises.csv"
    frame.assign(species=[SPECIES[each] for each in found.target]).to_csv(place, index=False)
    return place


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    settled(page)


def name_path(page: Page, path: Path) -> None:
    field = page.get_by_role("textbox", name="or a folder or file on this machine")
    field.fill(str(path))
    field.press("Enter")


def test_fit_survives_a_reload_and_its_model_is_used(page, address, irises, dashboard_home):
    page.goto(f"{address}/flowers")
    open_tab(page, "Fit")
    expect(page.get_by_text("Nothing is being fitted")).to_be_visible()
    panel = page.get_by_role("tabpanel").filter(has=page.get_by_role("button", name="Fit"))
    panel.locator("input[type=file]").set_input_files(irises)
    expect(page.get_by_text("Column of the labels")).to_be_visible()
    page.get_by_role("textbox", name="Name of your model").fill("mine")
    page.get_by_role("button", name="Fit", exact=True).click()
    expect(page.get_by_text(re.compile(r"Fitting mine|Use mine")).first).to_be_visible()
    page.reload()
    expect(page.get_by_role("tab", name="Fit")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("button", name="Use mine")).to_be_visible()
    expect(page.get_by_text("Confusion matrix", exact=True)).to_be_visible()
    assert not list(dashboard_home.glob("fits/*/work"))  # the upload is gone

    page.get_by_role("button", name="Use mine").click()
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_text("built-in example · mine")).to_be_visible()
    run = re.search(r"run=(\w+)", page.url).group(1)
    # A run belongs to its own model, whichever is chosen after a reload.
    page.reload()
    expect(page.get_by_text(f"run {run}").first).to_be_visible()
    expect(page.get_by_text("Called setosa")).to_be_visible()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFIELD_HOME", str(dashboard_home))
        remove_model(Flowers(), "mine")
    page.reload()
    expect(page.get_by_text(f"The run {run} was made by 'mine'")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_long_fit_shows_its_curve_and_can_be_cancelled(page, address, irises, dashboard_home):
    page.goto(f"{address}/flowers?tab=fit")
    name_path(page, irises)
    expect(page.get_by_text("Column of the labels")).to_be_visible()
    page.get_by_role("textbox", name="Name of your model").fill("long")
    page.get_by_text("Options").last.click()
    steps = page.get_by_role("slider", name="Steps")
    steps.focus()
    steps.press("End")
    page.get_by_role("button", name="Fit", exact=True).click()
    expect(page.get_by_text("Fitting long")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.get_by_role("button", name="Cancel the fit").click()
    expect(page.get_by_text("This fit was stopped; nothing of it was kept.")).to_be_visible()
    assert not (dashboard_home / "models" / "flowers" / "long").exists()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_wrong_requests_are_one_sentence(page, address, irises, tmp_path):
    page.goto(f"{address}/flowers?tab=fit")
    page.get_by_role("button", name="Fit", exact=True).click()
    expect(page.get_by_text("Choose labelled rows and a name first.")).to_be_visible()
    one = tmp_path / "one.csv"
    pd.read_csv(irises).head(50).to_csv(one, index=False)
    name_path(page, one)
    page.get_by_role("textbox", name="Name of your model").fill("linear")
    page.get_by_role("button", name="Fit", exact=True).click()
    expect(page.get_by_text("is a model that flowers ships")).to_be_visible()
    page.get_by_role("textbox", name="Name of your model").fill("one")
    page.get_by_role("button", name="Fit", exact=True).click()
    expect(page.get_by_text("at least two classes are needed to tell apart").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_evaluate_shows_figures_and_gives_a_report(page, address, irises, requests):
    page.goto(f"{address}/flowers?tab=evaluate")
    expect(page.get_by_text("Nothing measured yet")).to_be_visible()
    name_path(page, irises)
    expect(page.get_by_text("Column of the labels")).to_be_visible()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.get_by_text("0.960").first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    assert "<svg" in Path(download.value.path()).read_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Figures (JSON)").click()
    assert json.loads(Path(download.value.path()).read_text())["rows"] == 150
    expect(page.get_by_test_id("stException")).to_have_count(0)
    other = [url for url in requests if not url.startswith((address, "data:", "blob:", "ws://127"))]
    assert other == []
