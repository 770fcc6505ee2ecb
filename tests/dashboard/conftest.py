"""A real dashboard and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]

expect.set_options(timeout=120_000)  # a model loads within it, on a machine that does other things
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(command: list[str], folder: Path, home: Path) -> Iterator[str]:
    """Start a dashboard and give its address."""
    port = free_port()
    process = subprocess.Popen(
        [*command, str(port)],
        cwd=folder,
        env={**os.environ, "DEEPFIELD_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 90
    while True:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=5):
                break
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the dashboard did not start: {process.communicate()[0]}")
            time.sleep(0.2)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def dashboard_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("dashboard-home")
    shared = Path(os.environ["DEEPFIELD_HOME"]).resolve() / "cache"
    shared.mkdir(parents=True, exist_ok=True)
    (home / "cache").symlink_to(shared.resolve())
    return home


@pytest.fixture(scope="session")
def serve_dashboard():
    return serve


@pytest.fixture(scope="module")
def address(dashboard_home: Path) -> Iterator[str]:
    """The dashboard as the README starts it, from the root."""
    command = [
        sys.executable, "-m", "streamlit", "run", "streamlit_app.py",
        "--server.headless=true", "--server.fileWatcherType=none", "--server.port",
    ]  # fmt: skip
    yield from serve(command, ROOT, dashboard_home)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        if os.environ.get("DEEPFIELD_REQUIRE_BROWSER"):
            pytest.fail("no Chromium is installed, and the browser tests are required")
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def requests() -> list[str]:
    """The addresses that the page asked for."""
    return []


@pytest.fixture
def page(browser, requests):
    context = browser.new_context(
        viewport={"width": 1400, "height": 1000}, accept_downloads=True, color_scheme="light"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: requests.append(socket.url))
    yield page
    context.close()
