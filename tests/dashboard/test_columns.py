"""Tables whose columns are called otherwise, on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from deepfield_fraud_detection import FraudDetection

pytestmark = pytest.mark.browser


def settled(page: Page) -> None:
    """Wait until the page is drawn whole: what is drawn anew loses a click, or closes again."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def upload(page: Page, region: str, file: Path) -> None:
    """Choose a file in the place of that name: a page of events has two, in an order of its own."""
    page.get_by_role("region", name=region).locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("button", name=f"Remove {file.name}")).to_be_visible()
    settled(page)


@pytest.fixture
def open_page(page: Page, address):
    def open_with(file) -> Page:
        page.goto(f"{address}/fraud-detection")
        expect(page.get_by_text("Nothing scored yet")).to_be_visible()
        upload(page, "Your data", file)
        page.get_by_role("button", name="Score").click()
        return page

    return open_with


def written(folder, **names):
    file = folder / "payments.csv"
    FraudDetection().samples().rename(columns=names).to_csv(file, index=False)
    return file


def open_form(page: Page) -> None:
    """Open what columns were taken for; a page that is drawn anew meanwhile closes it again."""
    for _ in range(5):
        settled(page)
        if page.get_by_role("combobox", name="is_fraud").is_visible():
            return
        page.get_by_text("Columns: amount = TX_AMOUNT").click()
        page.wait_for_timeout(2000)


def pick(page: Page, field: str, column: str) -> None:
    settled(page)
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=column, exact=True).click()


def send(page: Page) -> None:
    """Send the form of columns; until it is drawn, another form's button is the last one."""
    expect(page.get_by_role("combobox", name="amount")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Score").last.click()


def test_a_guess_is_shown_and_can_be_corrected(open_page, tmp_path):
    page = open_page(written(tmp_path, amount="TX_AMOUNT", terminal_id="merchant"))
    expect(page.get_by_text("Columns: amount = TX_AMOUNT, terminal_id = merchant")).to_be_visible()
    open_form(page)
    pick(page, "is_fraud", "(none)")
    send(page)
    expect(page.get_by_text("No labels: the table has no column is_fraud")).to_be_visible()
    expect(page.get_by_text("Columns: amount = TX_AMOUNT, terminal_id = merchant")).to_be_visible()
    expect(page.get_by_text("Transactions", exact=True)).to_be_visible()


def test_what_cannot_be_guessed_is_asked_for(open_page, tmp_path):
    page = open_page(written(tmp_path, amount="betrag"))
    expect(page.get_by_text("has no column that is obviously amount")).to_be_visible()
    send(page)
    expect(page.get_by_text("Choose the column that holds amount.")).to_be_visible()
    pick(page, "amount", "time")
    send(page)
    expect(page.get_by_text("cannot be both 'time' and 'amount'")).to_be_visible()
    pick(page, "amount", "betrag")
    send(page)
    expect(page.get_by_text("Columns: amount = betrag")).to_be_visible()


def test_earlier_rows_may_be_uploaded_beside_them(tmp_path, page, address):
    samples = FraudDetection().samples()
    samples[:600].to_csv(tmp_path / "before.csv", index=False)
    samples[600:].to_csv(tmp_path / "today.csv", index=False)
    page.goto(f"{address}/fraud-detection")
    expect(page.get_by_text("Nothing scored yet")).to_be_visible()
    for region, name in (("Earlier rows", "before.csv"), ("Your data", "today.csv")):
        upload(page, region, tmp_path / name)
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_text("today.csv · mlp")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_file_that_is_no_table_is_one_sentence_and_no_question(open_page, tmp_path):
    (tmp_path / "payments.csv").write_bytes(b"\x00\x01\x02 no table")
    page = open_page(tmp_path / "payments.csv")
    expect(page.get_by_text("payments.csv' is no text, and so no CSV")).to_be_visible()
    expect(page.get_by_text("Which column is what?")).to_have_count(0)
