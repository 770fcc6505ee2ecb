"""Recompute golden rows: does every model answer here as it did where it was made?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from deepfield.domain import Domain, ModelSpec
from deepfield.errors import DeepfieldError
from deepfield.loading import load_model
from deepfield.plugins import Registry
from deepfield.store import list_models
from deepfield.table import Table

__all__ = ["Finding", "check_model", "differences", "selftest"]


@dataclass(frozen=True)
class Finding:
    """What came of a model's golden rows."""

    domain: str
    model: str
    rows: int
    problems: list[str]

    @property
    def passed(self) -> bool:
        return not self.problems


def selftest(registry: Registry, domain: str | None = None, device: str = "auto") -> list[Finding]:
    """Test every model of one domain, or of all: shipped and fitted."""
    chosen = [registry.domain(domain)] if domain else list(registry.domains.values())
    return [check_model(each, spec, device) for each in chosen for spec in list_models(each)]


def check_model(domain: Domain, spec: ModelSpec, device: str = "auto") -> Finding:
    """Recompute the golden rows of one model."""
    try:
        model = load_model(domain, spec.name, device)
        golden = model.folder.golden()
        if golden is None:
            return Finding(domain.name, spec.name, 0, ["the model has no golden rows"])
        inputs, expected = golden
        problems = differences(expected, model.predict(inputs), model.results)
        return Finding(domain.name, spec.name, len(inputs), problems)
    except DeepfieldError as error:
        return Finding(domain.name, spec.name, 0, [str(error)])
    except Exception as error:  # a broken plugin must not hide the findings on the others
        return Finding(domain.name, spec.name, 0, [f"{type(error).__name__}: {error}"])


def differences(expected: pd.DataFrame, found: pd.DataFrame, results: Table) -> list[str]:
    """Return a sentence for each value that differs by more than its field's tolerance."""
    sentences = []
    for each in results:
        for row, (wanted, got) in enumerate(
            zip(expected[each.name], found[each.name], strict=True)
        ):
            if not each.same(wanted, got):
                sentences.append(f"golden row {row + 1}: {each.name} is {got}, expected {wanted}")
    return sentences
