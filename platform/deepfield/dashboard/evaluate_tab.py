"""How good is the model on labelled rows? Measured in a thread of the page."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

import streamlit as st

from deepfield.dashboard import evaluation_view, polyline_view, ranking_view
from deepfield.dashboard.forms import options_form
from deepfield.dashboard.labelled_form import Chosen, choose_columns, choose_inputs, choose_rows
from deepfield.dashboard.lines_form import choose_group, choose_lines
from deepfield.dashboard.words import plain
from deepfield.domain import ranked_output
from deepfield.errors import DeepfieldError, UsageError
from deepfield.evaluation import PolylineEvaluation, RankingEvaluation
from deepfield.evaluation.measuring import evaluate, read_mapping, truth_field
from deepfield.evaluation.polylines.measuring import lines_output
from deepfield.evaluation.report import Found
from deepfield.loading import Model
from deepfield.scoring import Progress

__all__ = ["show"]


class Stop(Exception):  # noqa: N818  (a person's wish is no error)
    """The page no longer wants the answer."""


class Measuring:
    """One evaluation, its thread, and the uploads that it reads."""

    def __init__(self, model: Model, chosen: Chosen, **asked: Any) -> None:
        self.model = model
        self.progress = Progress()
        self.evaluation: Found | None = None
        self.error: str | None = None
        self.stopping = False
        self._folder = tempfile.TemporaryDirectory(prefix="deepfield-")
        self._source = chosen.put_into(Path(self._folder.name))
        self._asked = {**asked, "shown_as": chosen.name}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def running(self) -> bool:
        return self.thread.is_alive()

    def _run(self) -> None:
        try:
            self.evaluation = evaluate(
                self.model, self._source, on_progress=self._note, **self._asked
            )
        except Stop:
            self.error = "Stopped; nothing was measured."
        except DeepfieldError as error:
            self.error = str(error)
        except Exception as error:
            self.error = (
                f"This is a bug in Deepfield or in a plugin: {type(error).__name__}: {error}"
            )
            raise  # the server's log keeps the traceback
        finally:
            self._folder.cleanup()

    def _note(self, progress: Progress) -> None:
        self.progress = progress
        if self.stopping:
            raise Stop


def show(model: Model) -> None:
    key = f"{model.domain.name}-evaluate"
    ranked = ranked_output(model.inputs, model.outputs)
    lines = lines_output(model.outputs)
    try:
        classes = () if ranked or lines else truth_field(model).values
    except UsageError as error:
        st.info(plain(error), icon=":material/info:")
        return
    left, right = st.columns([1, 2], gap="large")
    with left:
        known = "whose truth you know"
        if ranked:
            known = f"that say which {ranked.of} each {model.inputs.answer_per} took"
        kind = "pictures whose lines you know" if lines else f"rows {known}"
        st.markdown(f"Measure **{plain(model.spec.name)}** on {kind}.")
        chosen = choose_lines(key) if lines else choose_rows(model.inputs, key, not ranked)
        with st.form(f"{key}-form"):
            label = group = None
            mapping, columns = "", None
            if lines:
                group = choose_group(key)
            elif ranked:
                columns = choose_inputs(chosen, model.inputs, key)
            else:
                label, group, columns = choose_columns(
                    chosen, model.inputs, key, model.domain.truth
                )
                mapping = st.text_area(
                    "Labels that the model calls otherwise",
                    key=f"{key}-map",
                    placeholder=f"Healthy={classes[0]}",
                    help="one LABEL=CLASS a line; the model's classes are "
                    + ", ".join(map(plain, classes)),
                    height=80,
                )
            options: dict[str, Any] = {}
            if model.domain.Options.model_fields or model.formats.fields:
                with st.expander("Options", icon=":material/tune:"):
                    options = options_form(model.domain, model.formats, f"{key}-option")
            sent = st.form_submit_button("Evaluate", type="primary", icon=":material/analytics:")
        if sent and not chosen:
            st.warning(
                f"Choose {'' if ranked else 'labelled '}rows first.", icon=":material/upload:"
            )
        elif sent:
            asked = {"label": label, "group": group, "columns": columns, "options": options}
            begin(model, key, chosen, mapping, asked)
    with right:
        work: Measuring | None = st.session_state.get(key)
        if work is None or work.model is not model:
            wanted = "rows with labels on the left: a table with a column."
            if model.inputs.image:
                wanted = "rows with labels on the left: a folder for each class."
            if ranked:
                wanted = "a table on the left: what each took last is hidden and looked for."
            if lines:
                wanted = "pictures on the left, with a file that tells the lines in each."
            st.info(f"Nothing measured yet. Choose {wanted}", icon=":material/arrow_back:")
        elif work.running:
            watch(work, key)
        elif isinstance(work.evaluation, RankingEvaluation):
            ranking_view.show(work.evaluation, key)
        elif isinstance(work.evaluation, PolylineEvaluation):
            polyline_view.show(work.evaluation, key)
        elif work.evaluation is not None:
            evaluation_view.show(work.evaluation, key)
        else:
            st.error(plain(work.error or "Nothing was measured."), icon=":material/error:")


def begin(
    model: Model,
    key: str,
    chosen: Chosen,
    mapping: str,
    asked: dict[str, Any],
) -> None:
    before: Measuring | None = st.session_state.pop(key, None)
    if before is not None:
        before.stopping = True
    try:
        meant = read_mapping(line for line in mapping.splitlines() if line.strip())
        work = Measuring(model, chosen, mapping=meant, **asked)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    work.thread.join(0.3)  # the quickest are done at once; waiting for them spares a flicker
    st.session_state[key] = work


@st.fragment(run_every=0.5)
def watch(work: Measuring, key: str) -> None:
    """Show how far an evaluation is, until it ends."""
    if not work.running:
        st.rerun()
    done, total = work.progress.done, work.progress.total
    st.progress(
        min(done / total, 1.0) if total else 0.0,
        f"{done:,} of {total:,} rows" if total else "reading …",
    )
    if st.button("Cancel", icon=":material/stop_circle:", key=f"{key}-cancel"):
        work.stopping = True
        st.caption("Stopping after the batch in work.")
