"""A tab that makes up rows: of whichever simulators a domain has."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import streamlit as st

from deepfield.dashboard.forms import form_of
from deepfield.dashboard.words import plain
from deepfield.dataset import SimulatedDataset
from deepfield.domain import Domain, read_options
from deepfield.errors import DeepfieldError
from deepfield.generating import save_rows
from deepfield.images import open_picture
from deepfield.table import Table

__all__ = ["show"]

COLUMNS = 4
FEW = 3
SHOWN = 1_000


def show(
    domain: Domain,
    simulators: Sequence[SimulatedDataset],
    score: Callable[[pd.DataFrame, str], None] | None,
) -> None:
    """Ask what to make, make it, show it.

    Args:
        score: called with rows and their title to score them; None if there is no model.
    """
    name = domain.name
    left, right = st.columns([1, 2], gap="large")
    with left:
        chosen = st.selectbox(
            "What to make",
            simulators,
            format_func=lambda each: each.card.title,
            key=f"{name}-make-dataset",
        )
        with st.form(f"{name}-make"):
            key = f"{name}-make-{chosen.name}"
            many = len(chosen.Options.model_fields) > FEW
            with st.expander("Options", icon=":material/tune:") if many else nullcontext():
                options = form_of(chosen.Options, key)
            rows = st.number_input(
                "How many", 1, chosen.most_rows, chosen.usual_rows, key=f"{key}-rows"
            )
            seed = st.number_input(
                "Seed",
                0,
                2**31 - 1,
                0,
                key=f"{name}-make-seed",
                help="the same seed makes the same rows",
            )
            sent = st.form_submit_button("Make", type="primary", icon=":material/auto_awesome:")
        st.caption(" ".join((chosen.card.summary, *chosen.card.traps)))
    slot = f"{name}-made"
    if sent:
        try:
            with st.spinner("Making …"):
                checked = read_options(chosen.Options, options, chosen.card.title)
                made = chosen.generate(int(rows), int(seed), checked)
            st.session_state[slot] = (f"{chosen.name}-{seed}", made)
        except DeepfieldError as error:
            right.error(plain(error), icon=":material/error:")
    with right:
        if slot not in st.session_state:
            st.info(
                "Nothing made yet. Choose what to make on the left.", icon=":material/arrow_back:"
            )
            return
        title, made = st.session_state[slot]
        gallery(made, domain.inputs)
        with st.container(horizontal=True):
            download(domain, title, made)
            if score is not None:
                st.button(
                    "Score these",
                    icon=":material/play_arrow:",
                    on_click=score,
                    args=(made, title),
                    key=f"{name}-make-score",
                )


def download(domain: Domain, title: str, made: pd.DataFrame) -> None:
    """Offer rows as a table, with their pictures in an archive where there are any."""
    ending, kind = (
        (".csv", "text/csv") if domain.inputs.image is None else (".zip", "application/zip")
    )
    st.download_button(
        f"Download as {ending}",
        lambda: saved(made, ending),
        file_name=f"{title}{ending}",
        mime=kind,
        icon=":material/download:",
        on_click="ignore",
        key=f"{domain.name}-make-download",
        help="score it in the Score tab or with the command line",
    )


def gallery(made: pd.DataFrame, inputs: Table) -> None:
    image = inputs.image
    if image is None:
        st.dataframe(made.head(SHOWN), hide_index=True)
        if len(made) > SHOWN:
            st.caption(f"The first {SHOWN:,} of {len(made):,} rows.")
        return
    others = [name for name in made.columns if name != image.name]
    for start in range(0, len(made), COLUMNS):
        for place, (_, row) in zip(
            st.columns(COLUMNS), made.iloc[start : start + COLUMNS].iterrows(), strict=False
        ):
            caption = ", ".join(plain(row[name]) for name in others)
            place.image(open_picture(row[image.name]), caption, width="stretch")


def saved(made: pd.DataFrame, ending: str) -> bytes:
    """Return the rows as a table, or with their pictures as one archive."""
    with tempfile.TemporaryDirectory() as folder:
        table = save_rows([made], Path(folder))
        if ending != ".zip":
            return table.read_bytes()
        file = io.BytesIO()
        with ZipFile(file, "w") as archive:
            for each in sorted(Path(folder).iterdir()):
                archive.write(each, each.name)
        return file.getvalue()
