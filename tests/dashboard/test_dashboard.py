"""The dashboard in a real Chromium: upload, see, download, reload."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from urllib.parse import urlparse

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

import deepfield
from deepfield_medical_imaging.synthesis import generators

pytestmark = pytest.mark.browser

SCREENSHOTS = (
    Path(os.environ["DEEPFIELD_SCREENSHOTS"]) if "DEEPFIELD_SCREENSHOTS" in os.environ else None
)


def shoot(page: Page, name: str, height: int = 1000) -> None:
    """Keep a screenshot where ``make screenshots`` asks for it."""
    if SCREENSHOTS is not None:
        page.set_viewport_size({"width": 1400, "height": height})
        page.wait_for_timeout(1500)  # charts draw themselves after the page is there
        page.screenshot(path=SCREENSHOTS / f"{name}.png")


def settled(page: Page) -> None:
    """Wait until the script has run and no job is going on."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def no_exception(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def upload(page: Page, files: list[Path]) -> None:
    page.locator("input[type=file]").set_input_files(files)
    for file in files[:1]:
        # A long name is shortened where it is shown, and whole on its button.
        expect(page.get_by_role("button", name=f"Remove {file.name}")).to_be_visible()
    page.get_by_role("button", name="Score").click()


def test_home_shows_each_domain_and_leads_to_its_page(page, address):
    page.goto(address)
    expect(page.get_by_role("heading", name="Deep learning for every field")).to_be_visible()
    expect(page.get_by_text("What does this scan show, and where").first).to_be_visible()
    settled(page)
    shoot(page, "home")
    page.get_by_role("link", name="Open medical imaging").click()
    expect(page.get_by_text("Nothing scored yet")).to_be_visible()
    no_exception(page)


def test_example_is_one_click_and_shows_answer_heat_map_and_table(page, address):
    page.goto(f"{address}/medical-imaging")
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_text("Rows scored")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"Called (normal|pneumonia) with confidence"))
    ).to_be_visible()
    picture = page.get_by_test_id("stImage").locator("img")
    expect(picture).to_be_visible()
    shoot(page, "medical-imaging", 1780)
    # The opacity control changes the drawn picture.
    before = picture.get_attribute("src")
    handle = page.get_by_role("slider", name="Heat map")
    handle.focus()
    for _ in range(6):
        handle.press("ArrowLeft")
    expect(picture).not_to_have_attribute("src", before)
    no_exception(page)


def test_transactions_lead_to_alerts_and_one_of_them_to_its_reasons(page, address):
    page.goto(f"{address}/fraud-detection")
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_role("heading", name="Alerts, by money at risk")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    shoot(page, "fraud-detection", 1750)
    no_exception(page)


def test_recommendations_name_what_is_next_and_because_of_what(page, address):
    page.goto(f"{address}/recommendations")
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_role("radio", name="For each person")).to_be_checked()
    expect(page.get_by_text("What may be taken next")).to_be_visible()
    expect(page.get_by_text("because of").first).to_be_visible()
    settled(page)
    shoot(page, "recommendations", 1750)
    no_exception(page)


def test_documentation_is_asked_and_says_where_it_stands(page, address):
    page.goto(f"{address}/chatbot?tab=chat")
    message = page.get_by_test_id("stChatInputTextArea")
    for question, answer in (
        ("Under which licence is Deepfield's code?", "Apache License 2.0"),
        ("Which version of Python is needed?", "3.11"),
    ):
        message.fill(question)
        message.press("Enter")
        last = page.get_by_test_id("stChatMessage").last
        expect(last.get_by_text("Where it stands").first).to_be_visible()
        expect(last.get_by_text(answer).first).to_be_visible()
        settled(page)
    last.get_by_text("Where it stands").first.click()
    expect(last.locator("mark").first).to_have_text("3.11")
    shoot(page, "chatbot", 960)
    no_exception(page)


def test_upload_score_download_reload(page, address, tmp_path):
    drawn = generators()[0].generate(3, seed=5)
    files = []
    for image in drawn["image"]:
        file = tmp_path / image["path"]
        file.write_bytes(image["bytes"])
        files.append(file)
    # A name that would be a picture from another machine, if it were read as Markdown.
    evil = tmp_path / "![x](https:evil.example.png"
    evil.write_text("this is text")
    page.goto(f"{address}/medical-imaging")
    upload(page, [*files, evil])
    expect(page.get_by_text("1 of 4 rows were set aside")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    found = pd.read_csv(download.value.path()).set_index("row")
    assert found["image"].to_list() == [file.name for file in files]
    expected = deepfield.score("medical-imaging", drawn).frame
    names = ["finding", "pneumonia", "confidence", "trust"]
    pd.testing.assert_frame_equal(found[names], expected[names], check_dtype=False, rtol=1e-12)

    run = re.search(r"run=(\w+)", page.url).group(1)
    page.reload()
    expect(page.get_by_text(f"run {run}").first).to_be_visible()
    expect(page.get_by_text("The picture was not kept")).to_be_visible()
    page.get_by_role("tab", name="Past runs").click()
    settled(page)
    no_exception(page)
    page.goto(f"{address}/runs")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_role("combobox", name="Open a run").click()
    expect(page.get_by_role("option", name=re.compile(run))).to_be_visible()
    no_exception(page)


def test_brain_slices_given_to_the_chest_model_lead_to_the_right_one(page, address, tmp_path):
    files = []
    for image in generators()[1].generate(4, seed=3)["image"]:
        files.append(tmp_path / image["path"])
        files[-1].write_bytes(image["bytes"])
    page.goto(f"{address}/medical-imaging")
    upload(page, files)
    offer = page.get_by_role("button", name="Score with Brain MRI, tumours")
    expect(offer).to_be_visible()
    settled(page)
    shoot(page, "medical-imaging-offer", 1200)
    offer.click()
    expect(
        page.get_by_text(re.compile("Called (no tumour|glioma|meningioma|pituitary) with"))
    ).to_be_visible()
    expect(offer).to_have_count(0)
    settled(page)
    no_exception(page)


def test_examples_are_made_by_seed_and_class(page, address):
    page.goto(f"{address}/medical-imaging")
    page.get_by_role("tab", name="Make examples").click()
    expect(page.get_by_text("Nothing made yet")).to_be_visible()
    page.get_by_role("spinbutton", name="How many").fill("4")
    page.get_by_role("button", name="Make", exact=True).click()
    pictures = page.get_by_test_id("stImage").locator("img")
    expect(pictures).to_have_count(4)
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as .zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(Path(name).suffix for name in archive.namelist()) == [".csv", *[".png"] * 4]
    page.get_by_role("button", name="Score these").click()
    expect(page.get_by_role("tab", name="Score")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("synthetic-chest-xray-0 · chest-xray")).to_be_visible()
    no_exception(page)


def test_names_are_never_read_as_markdown(page, address, requests, tmp_path):
    evil = tmp_path / "![x](http:evil.example) **b** $y$ :red[z].png"
    evil.write_bytes(generators()[0].generate(1, seed=5)["image"][0]["bytes"])
    page.goto(f"{address}/medical-imaging")
    page.locator("input[type=file]").set_input_files(evil)
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_text(f"{evil.name} · chest-xray")).to_be_visible()
    settled(page)
    assert not [url for url in requests if "evil" in url]


def test_only_bad_files_are_one_sentence_each(page, address, tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("x")
    page.goto(f"{address}/medical-imaging")
    upload(page, [tmp_path / "text.jpg"])
    expect(page.get_by_text("1 of 1 rows were set aside")).to_be_visible()
    expect(page.get_by_text("No row could be read")).to_be_visible()
    no_exception(page)


def test_scoring_nothing_asks_for_a_file(page, address):
    page.goto(f"{address}/medical-imaging")
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_text("Choose a file first")).to_be_visible()


def test_long_work_shows_progress_and_can_be_cancelled(page, address, tmp_path):
    import zipfile

    drawn = generators()[0].generate(1, seed=0)["image"][0]["bytes"]
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number:05}.png", drawn)
    page.goto(f"{address}/medical-imaging")
    upload(page, [tmp_path / "many.zip"])
    expect(page.get_by_text(re.compile(r"of 5,000 rows · \d+ a second"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Rows scored, then stopped")).to_be_visible()
    no_exception(page)


def test_model_card_is_readable(page, address):
    page.goto(f"{address}/medical-imaging")
    page.get_by_role("tab", name="Model card").click()
    expect(page.get_by_role("heading", name="Intended use and limits")).to_be_visible()
    expect(page.get_by_role("cell", name="baseline, clean: logistic")).to_be_visible()
    no_exception(page)


def test_dark_theme_looks_designed_too(browser, address):
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/medical-imaging")
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_text("Rows scored")).to_be_visible()
    settled(page)
    background = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == "rgb(16, 25, 28)"
    shoot(page, "medical-imaging-dark", 1780)
    context.close()


def test_nothing_is_asked_of_any_other_machine(page, address, requests):
    for place in ("", "/medical-imaging", "/runs"):
        page.goto(address + place)
        settled(page)
    page.goto(f"{address}/medical-imaging")
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_text("Rows scored")).to_be_visible()
    settled(page)
    page.wait_for_timeout(1000)
    hosts = {urlparse(url).hostname for url in requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}, [url for url in requests if "127.0.0.1" not in url]
