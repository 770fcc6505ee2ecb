"""A scored video with its answers over it: made when somebody asks, to play and to take along."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from deepfield.annotating import annotate_video
from deepfield.dashboard.context import Context
from deepfield.dashboard.words import plain
from deepfield.drawing import can_annotate
from deepfield.errors import DeepfieldError
from deepfield.sources import Source

__all__ = ["annotated_video"]


def annotated_video(context: Context) -> None:
    """Offer the run's video with the answers over it; nothing where the run is of no video.

    It is made from the source, frame by frame, and lives as long as the visitor's session. A
    plugin's view may call this where it wants it.
    """
    if context.video is None or not can_annotate(context.model.domain, context.model.outputs):
        return
    _offer(context, context.video)


@st.fragment
def _offer(context: Context, source: Source) -> None:
    slot = f"{context.run.id}-annotated"
    made: tuple[tempfile.TemporaryDirectory, Path] | None = st.session_state.get(slot)
    if made is None:
        place = st.empty()
        wanted = place.button(
            "Annotated video",
            icon=":material/movie:",
            key=f"{context.key}-annotate",
            help="draws the answers over every frame, as an MP4 to play and to download",
        )
        if not wanted:
            return
        bar = place.progress(0.0, "Drawing …")
        folder = tempfile.TemporaryDirectory(prefix="deepfield-")
        path = Path(folder.name) / "annotated.mp4"
        try:
            annotate_video(
                context.model,
                source,
                context.frame,
                path,
                lambda done: bar.progress(done, f"Drawing … {done:.0%}"),
            )
        except DeepfieldError as error:
            place.error(plain(error), icon=":material/error:")
            return
        place.empty()
        made = st.session_state[slot] = (folder, path)
    path = made[1]
    # H.264 in MP4 is what every browser plays.
    st.video(str(path))
    st.download_button(
        "Annotated video",
        path.read_bytes,
        file_name=f"deepfield-{context.run.domain}-{context.run.id}.mp4",
        mime="video/mp4",
        icon=":material/download:",
        key=f"{context.key}-annotated-download",
        on_click="ignore",
    )
