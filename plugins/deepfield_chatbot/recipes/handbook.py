"""Index Deepfield's own documentation: what the shipped model can be asked about at once.

    python -m deepfield_chatbot.recipes.handbook --output plugins/deepfield_chatbot/models/reader

Vectors are made by torch in float32 on the CPU, so that the same documents give the same files.
Run it whenever the documentation changed; it takes seconds.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield_chatbot import Chatbot
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.knowledge_base import add_documents, base_config
from deepfield_chatbot.predictor import HANDBOOK, ChatbotPredictor
from deepfield_chatbot.reading import read_document

__all__ = ["documentation", "make_handbook", "write_golden_answers"]


def documentation(root: Path) -> list[Path]:
    """Return the documents of a checkout that are for people who use or extend Deepfield."""
    files = [root / "README.md", *(root / "docs").glob("*.md"), *root.glob("plugins/*/README.md")]
    return sorted(file for file in files if file.is_file())


def make_handbook(root: Path, reader: Path) -> Contents:
    """Write the knowledge base into a reader's folder, and its hash into the reader's config."""
    encoder = Encoder.load("cpu", openvino=False)
    documents = [
        read_document(file, file.relative_to(root).as_posix()) for file in documentation(root)
    ]
    # An identity of its own at each run would give other files, and another hash.
    contents = add_documents(replace(Contents.empty(), identity=HANDBOOK), documents, encoder)
    contents.save(reader / HANDBOOK, base_config(contents, "reader"))
    config = json.loads((reader / "config.json").read_text(encoding="utf-8"))
    config["handbook"] = ModelFolder(reader / HANDBOOK).hash
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (reader / "config.json").write_text(text, encoding="utf-8")
    return contents


def write_golden_answers(reader: Path) -> dict[str, str]:
    """Write what the domain's samples are answered as golden rows; return question -> answer."""
    domain, folder = Chatbot(), ModelFolder(reader)
    model = Model(domain, domain.models[0], folder, ChatbotPredictor.load(folder, "cpu"))
    samples = domain.samples()
    answers = model.predict(samples)
    folder.write_golden(samples, answers)
    return dict(zip(samples["question"], answers["answer"], strict=True))


@click.command(help=__doc__)
@click.option("--root", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--output", type=click.Path(exists=True, path_type=Path), required=True)
def main(root: Path, output: Path) -> None:
    contents = make_handbook(root, output)
    click.echo(f"{len(contents.entries)} documents, {len(contents):,} passages")
    figures = json.loads((output / "figures.json").read_text(encoding="utf-8"))
    figures["samples"] = write_golden_answers(output)
    text = json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
    (output / "figures.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
