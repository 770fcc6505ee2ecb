"""Results of one run: a plugin's views; or a chart, a table, one row in detail, downloads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from deepfield.dashboard import cached, charts
from deepfield.dashboard.context import Context
from deepfield.dashboard.downloads import downloads
from deepfield.dashboard.explaining import explained, group_of
from deepfield.dashboard.pictures import kept_picture, shown_picture
from deepfield.dashboard.plugin_views import chosen_view, show_view
from deepfield.dashboard.video import annotated_video
from deepfield.dashboard.words import plain
from deepfield.dashboard.work import Work
from deepfield.errors import DeepfieldError
from deepfield.explanation import Explanation
from deepfield.fields import Label, Polylines, Probability, Records
from deepfield.history import Run
from deepfield.loading import Model
from deepfield.views import ALL_ROWS

__all__ = ["show", "without_model"]

MOST_ROWS = 5000
"""Rows that a browser is sent; charts and downloads are of all of them."""

TRUST_WORDS = {
    "ok": "The model stands by this answer.",
    "unsure": "The model abstains: answers of this confidence are wrong more often than accepted.",
    "unfamiliar": "This input is unlike what the model was trained on; do not rely on the answer.",
}
TRUST_ICONS = {
    "ok": ":material/verified:",
    "unsure": ":material/help:",
    "unfamiliar": ":material/report:",
}


def show(model: Model, run: Run, work: Work | None = None) -> None:
    """Show a run; with the work that made it, its pictures, too."""
    if run.result is None or not Path(run.result).is_file():
        st.warning(
            f"The run {run.id} left no results here ({run.status}"
            + (f": {plain(run.reason)}" if run.reason else "")
            + ").",
            icon=":material/history:",
        )
        return
    try:
        frame = cached.results(Path(run.result))
    except DeepfieldError as error:  # a plugin's kind of file, which is written only
        st.info(plain(error), icon=":material/history:")
        return
    when = run.started.replace("T", " ").removesuffix("+00:00")
    stopped = f" · stopped after {run.rows_in:,} rows" if run.status == "stopped" else ""
    name = Path(run.source).name or run.source
    st.caption(
        f"{plain(name)} · {run.model} · {when} UTC · run {run.id}{stopped}",
        help=plain(run.source) if name != run.source else None,
    )
    if run.rows_rejected and run.rejected:
        aside(run)
    if frame.empty:
        st.warning("No row could be read; the reasons are above.", icon=":material/block:")
        return
    pictures: dict[int, Any] = {} if work is None else work.pictures
    view = chosen_view(cached.registry().views_for(model.domain), model.domain)
    context = Context(
        model,
        run,
        frame,
        f"{run.id}-{ALL_ROWS if view is None else view.name}",
        partial(explained, model, run, frame, pictures=pictures),
        partial(group_of, model, run, frame),
        partial(kept_picture, pictures),
        None if work is None else work.video,
    )
    if view is None:
        all_rows(context, work)
    else:
        show_view(view, context)


def all_rows(context: Context, work: Work | None) -> None:
    """Show the view that every domain has: figures, a chart, a table, one row in detail."""
    model, run, frame = context.model, context.run, context.frame
    summary(model, run, frame)
    name = f"deepfield-{run.domain}-{run.id}"
    if len(frame) == 1:  # one row is looked at, not leafed through
        detail(context, frame, int(frame.index[0]))
        table(model, run, frame, work)
        downloads(frame, name, run.id, model)
        return
    st.altair_chart(charts.distribution(model.outputs, frame), key=f"{run.id}-distribution")
    shown = frame.head(MOST_ROWS)
    if len(shown) < len(frame):
        st.caption(
            f"The first {MOST_ROWS:,} rows are shown; the downloads hold all {len(frame):,}."
        )
    chosen = table(model, run, shown, work)
    downloads(frame, name, run.id, model)
    annotated_video(context)
    detail(context, shown, chosen)


def without_model(run: Run, reason: str) -> None:
    """Show the results of a run whose model is not there any more: rows, and downloads."""
    st.warning(
        f"{plain(reason)} Its results are shown as they were written, without explanations.",
        icon=":material/history:",
    )
    if run.result is None or not Path(run.result).is_file():
        return
    try:
        frame = cached.results(Path(run.result))
    except DeepfieldError as error:
        st.info(plain(error), icon=":material/history:")
        return
    st.dataframe(frame.head(MOST_ROWS), key=f"{run.id}-plain")
    downloads(frame, f"deepfield-{run.domain}-{run.id}", run.id)


def summary(model: Model, run: Run, frame: pd.DataFrame) -> None:
    words = {"done": "scored", "stopped": "scored, then stopped"}
    cells = [(f"Rows {words.get(run.status, run.status)}", f"{run.rows_out:,}")]
    label = first(model, Label)
    if label is not None:
        for value, count in frame[label].value_counts().head(3).items():
            cells.append((plain(value), f"{count:,}"))
    unsure = int((frame["trust"] != "ok").sum())
    cells.append(("Unsure or unfamiliar", f"{unsure:,}"))
    cells.append(("Time", f"{run.seconds:.1f} s" if run.seconds >= 0.1 else "< 0.1 s"))
    for place, (name, value) in zip(st.columns(len(cells)), cells, strict=True):
        place.metric(name, value)


def aside(run: Run) -> None:
    with st.expander(
        f"{run.rows_rejected:,} of {run.rows_in:,} rows were set aside",
        icon=":material/block:",
        expanded=True,
    ):
        rejected = pd.read_csv(run.rejected or "", nrows=1000)
        st.dataframe(rejected, hide_index=True, key=f"{run.id}-rejected")


def table(model: Model, run: Run, frame: pd.DataFrame, work: Work | None) -> int:
    """Show the rows and return the number of the one that was chosen."""
    shown = frame.reset_index()
    for each in model.results:
        if isinstance(each, Records):
            shown[each.name] = [in_line(each, value) for value in shown[each.name]]
    # What was asked and answered first; what travelled along after it.
    known = ["row", *model.inputs.names, *model.results.names]
    along = [name for name in shown.columns if name not in known]
    shown = shown[[name for name in known if name in shown.columns] + along]
    # What may be missing and is in every row, such as words of a model that nobody asked for.
    missing = [each.name for each in model.results if not each.required and each.name in shown]
    shown = shown.drop(columns=[name for name in missing if shown[name].isna().all()])
    config: dict[str, Any] = {"row": st.column_config.NumberColumn("row", width="small")}
    for each in model.results:
        if isinstance(each, Probability):
            config[each.name] = st.column_config.ProgressColumn(
                each.name,
                min_value=0.0,
                max_value=1.0,
                format="percent",
                help=plain(each.help) or None,
            )
        elif isinstance(each, Records):
            config[each.name] = st.column_config.ListColumn(
                each.name, help=plain(each.help) or None
            )
        else:
            config[each.name] = st.column_config.Column(each.name, help=plain(each.help) or None)
    if work is not None and work.thumbnails:
        shown.insert(1, " ", shown["row"].map(work.thumbnails))
        config[" "] = st.column_config.ImageColumn(" ", width="small")
    event = st.dataframe(
        shown,
        hide_index=True,
        column_config=config,
        on_select="rerun",
        selection_mode="single-row",
        key=f"{run.id}-table",
        row_height=56 if work is not None and work.thumbnails else None,
    )
    rows = event["selection"]["rows"]
    return int(shown["row"].iloc[rows[0]]) if rows else int(shown["row"].iloc[0])


def in_line(field: Records, value: Any) -> list[str]:
    """Return several things by their names alone, to fit a cell of a table."""
    return [str(each.get("title") or next(iter(each.values()), "")) for each in field.read(value)]


def detail(context: Context, frame: pd.DataFrame, chosen: int) -> None:
    model, run = context.model, context.run
    with st.container(border=True):
        numbers = list(frame.index)
        names = row_names(model, frame)
        number = st.selectbox(
            "Row in detail",
            numbers,
            numbers.index(chosen),
            format_func=lambda each: names[each],
            # A new choice in the table makes a new widget, which takes it as its default.
            key=f"{run.id}-detail-{chosen}",
            help="or choose a row in the table",
        )
        row = frame.loc[number]
        picture, words = st.columns([1, 1], gap="large")
        explanation = context.explain(number)
        with words:
            answer(model, row, explanation, f"{run.id}-detail")
        with picture:
            seen = context.picture(int(number))
            if seen is not None:
                shown_picture(model, seen, row, explanation, run.id)
            elif model.inputs.image is not None:
                st.info(
                    "The picture was not kept; score it again to see it with its heat map.",
                    icon=":material/hide_image:",
                )
            if explanation is not None and explanation.contributions is not None:
                st.altair_chart(charts.waterfall(explanation.contributions))


def row_names(model: Model, frame: pd.DataFrame) -> dict[int, str]:
    """Return what each row is called: its number and its first telling column."""
    telling = model.inputs.names[0]
    values = frame[telling] if telling in frame.columns else pd.Series("", frame.index)
    return {
        int(number): f"{number} · {value}"
        for number, value in zip(frame.index, values, strict=True)
    }


def answer(model: Model, row: pd.Series, explanation: Explanation | None, key: str) -> None:
    for each in model.outputs:
        if isinstance(each, Label):
            st.subheader(plain(row[each.name]), anchor=False)
        elif isinstance(each, Records):
            st.markdown(f"**{plain(each.name)}**")
            things = pd.DataFrame(each.read(row[each.name]))
            if isinstance(each, Polylines) and len(things):  # they are drawn, not listed
                things["points"] = things["points"].map(len)
            st.dataframe(things, hide_index=True, key=f"{key}-{each.name}")
        elif isinstance(each, Probability):
            st.progress(float(row[each.name]), f"{plain(each.name)}: {row[each.name]:.1%}")
        else:
            st.metric(plain(each.name), row[each.name])
    st.progress(float(row["confidence"]), f"confidence: {row['confidence']:.1%}")
    trust = str(row["trust"])
    st.markdown(f"{TRUST_ICONS[trust]} **{trust}** · {TRUST_WORDS[trust]}")
    if explanation is not None:
        st.markdown(plain(explanation.summary))


def first(model: Model, kind: type) -> str | None:
    return next((each.name for each in model.outputs if isinstance(each, kind)), None)
