"""Rows with the truth beside them: a folder for each class, or a table with a column of labels."""

from deepfield.labelled.reading import find_path, read_labelled, read_unlabelled
from deepfield.labelled.rows import Labelled
from deepfield.labelled.truth import Truth

__all__ = ["Labelled", "Truth", "find_path", "read_labelled", "read_unlabelled"]
