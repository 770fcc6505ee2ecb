"""A tab that makes up rows: of whichever simulators a domain has."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import streamlit as st

from deepfield.dashboard.forms import form_of
from deepfield.dashboard.words import plain
from deepfield.dataset import SimulatedDataset
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.generating import save_rows
from deepfield.images import open_picture
from deepfield.table import Table

__all__ = ["show"]

COLUMNS = 4
MOST = 64


def show(domain: Domain, simulators: Sequence[SimulatedDataset]) -> None:
    """Ask what to make, make it, show it."""
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
            options = form_of(chosen.Options, f"{name}-make-{chosen.name}")
            rows = st.number_input("How many", 1, MOST, 8, key=f"{name}-make-rows")
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
                made = chosen.generate(int(rows), int(seed), chosen.Options(**options))
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
        st.download_button(
            "Download as .zip",
            lambda: zipped(made),
            file_name=f"{title}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key=f"{name}-make-download",
            help="score it in the Score tab or with the command line",
        )


def gallery(made: pd.DataFrame, inputs: Table) -> None:
    image = inputs.image
    if image is None:
        st.dataframe(made, hide_index=True)
        return
    others = [name for name in made.columns if name != image.name]
    for start in range(0, len(made), COLUMNS):
        for place, (_, row) in zip(
            st.columns(COLUMNS), made.iloc[start : start + COLUMNS].iterrows(), strict=False
        ):
            caption = ", ".join(plain(row[name]) for name in others)
            place.image(open_picture(row[image.name]), caption, width="stretch")


def zipped(made: pd.DataFrame) -> bytes:
    """Return the rows and their pictures as one archive."""
    with tempfile.TemporaryDirectory() as folder:
        save_rows([made], Path(folder))
        file = io.BytesIO()
        with ZipFile(file, "w") as archive:
            for each in sorted(Path(folder).iterdir()):
                archive.write(each, each.name)
        return file.getvalue()
