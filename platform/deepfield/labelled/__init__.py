"""Rows with the truth beside them: folders of classes, tables with labels, lines in pictures."""

from deepfield.labelled.polylines import LabelledLines, Lines, read_labelled_lines
from deepfield.labelled.reading import find_path, read_labelled, read_unlabelled
from deepfield.labelled.rows import Labelled
from deepfield.labelled.truth import Truth

__all__ = [
    "Labelled",
    "LabelledLines",
    "Lines",
    "Truth",
    "find_path",
    "read_labelled",
    "read_labelled_lines",
    "read_unlabelled",
]
