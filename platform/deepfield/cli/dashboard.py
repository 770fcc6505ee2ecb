"""``deepfield dashboard``: Streamlit, bound to this machine."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["dashboard", "settings"]

FOLDER = Path(__file__).parents[1] / "dashboard"


@click.command()
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="127.0.0.1 is this machine alone; another address shows it to your network",
)
@click.option("--browser/--no-browser", default=True, show_default=True, help="open a browser")
def dashboard(port: int, address: str, browser: bool) -> None:
    """Open the dashboard: a page for each domain, uploads, results and their reasons.

    \b
    Examples:
      deepfield dashboard
      deepfield dashboard --port 8600 --no-browser
    """
    from streamlit.web import bootstrap

    options = settings() | {
        "server_address": address,
        "server_port": port,
        "server_headless": not browser,
        # With its welcome Streamlit offers its own wares, on the page too.
        "logger_hideWelcomeMessage": True,
    }
    click.echo(f"The dashboard is at http://{address}:{port}; Ctrl-C ends it.", err=True)
    bootstrap.load_config_options(options)
    bootstrap.run(str(FOLDER / "app.py"), False, [], options)


def settings() -> dict[str, object]:
    """Return Streamlit's settings, those of ``.streamlit/config.toml`` at the root."""
    return {
        "server_address": "127.0.0.1",
        "server_maxUploadSize": 500,
        "server_showEmailPrompt": False,
        "browser_gatherUsageStats": False,
        "client_toolbarMode": "viewer",
        "theme_base": str(FOLDER / "theme.toml"),
    }
