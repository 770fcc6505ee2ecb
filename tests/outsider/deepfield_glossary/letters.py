"""Finds the term that is spelled most alike, by the pairs of letters in it."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from deepfield import Explanation, Options, Predictor
from deepfield.errors import InputError, NotFoundError
from deepfield.predictor import FilesRead
from deepfield.trust import trust_labels

SIZE = 512


class Letters(Predictor):
    learns_from = (".txt", ".terms")
    FitOptions = Options  # there is nothing to set

    def __init__(self, entries: list[dict[str, str]], vectors: np.ndarray) -> None:
        self.entries = entries
        self.vectors = vectors  # (entries, SIZE), each of length 1

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(folder.config["entries"], load_file(folder.weights)["vectors"])

    def predict(self, rows, options):
        likeness = spelled(rows["term"]) @ self.vectors.T  # (n, entries)
        found = [self.entries[place] for place in likeness.argmax(axis=1)]
        confidence = likeness.max(axis=1).clip(0, 1).astype(float)
        return pd.DataFrame(
            {
                "meaning": [each["meaning"] for each in found],
                "document": [each["document"] for each in found],
                "confidence": confidence,
                "trust": trust_labels(confidence, options.nearest, (confidence < 0.3) * 2.0),
            },
            index=rows.index,
        )

    def explain(self, rows, options):
        places = (spelled(rows["term"]) @ self.vectors.T).argmax(axis=1)
        return [
            Explanation(f"The term {self.entries[place]['term']!r} is spelled most alike.")
            for place in places
        ]

    @classmethod
    def fit_files(
        cls, files, folder, *, base, options, report, device="auto", before=None, without=()
    ):
        entries = list(before.config["entries"]) if before is not None else []
        for name in without:
            held = {each["document"] for each in entries}
            if name not in held:
                raise NotFoundError.among("document", name, held)
            entries = [each for each in entries if each["document"] != name]
        problems = {}
        for place, (name, file) in enumerate(files.items(), start=1):
            try:
                read = read_terms(file, name)
            except InputError as error:
                problems[name] = str(error)
            else:  # what came of an earlier document of this name goes
                entries = [each for each in entries if each["document"] != name] + read
            # What report raises ends the fit; so a person can stop it here.
            report(place / len(files))
        if not entries and not files:  # load needs an entry at least
            raise InputError("Nothing would be left of the glossary; remove the model instead.")
        write_model(folder, entries)
        documents = {each["document"] for each in entries}
        return FilesRead(problems, {"documents": len(documents), "terms": len(entries)})


def write_model(folder, entries):
    vectors = spelled(pd.Series([each["term"] for each in entries], dtype=str))
    save_file({"vectors": vectors}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"entries": entries}))


def read_terms(file, name):
    """Return the entries of a file of lines ``term: meaning``."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{name!r} is no text in UTF-8.") from error
    parts = [line.partition(":") for line in lines if line.strip()]
    if not parts or not all(colon for _, colon, _ in parts):
        raise InputError(f"{name!r} has a line without a colon, or none at all.")
    return [
        {"term": term.strip(), "meaning": meaning.strip(), "document": name}
        for term, _, meaning in parts
    ]


def spelled(terms):
    """Return the pairs of letters of each term, counted: (n, SIZE), each of length 1."""
    vectors = np.zeros((len(terms), SIZE), dtype=np.float32)
    for row, term in enumerate(terms):
        word = f" {term.lower().strip()} "
        for first, second in pairwise(word):
            vectors[row, (ord(first) * 31 + ord(second)) % SIZE] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
