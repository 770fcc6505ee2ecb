"""The description of a domain: cheap to import, no framework, everything that faces need."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from deepfield.errors import ContractError, UsageError
from deepfield.fields import Boolean, Image, Label, Polylines, Probability, Ranking
from deepfield.table import Table

__all__ = [
    "TRUST",
    "Domain",
    "ModelSpec",
    "Options",
    "changed_options",
    "check_domain",
    "check_options",
    "check_outputs",
    "ranked_output",
    "read_options",
    "with_trust",
]

TRUST = ("ok", "unsure", "unfamiliar")
"""ok: act on it. unsure: the model abstains. unfamiliar: unlike anything it was trained on."""

RESERVED_NAMES = {"home", "runs"}
RESERVED_OPTIONS = {
    "annotated", "as_json", "batch_size", "columns", "device", "domain", "explain", "group", "help",
    "history", "json", "label", "mapping", "model", "on_progress", "output", "overwrite", "past",
    "quiet", "registry", "report", "source",
}  # fmt: skip

CONFIDENCE_AND_TRUST = Table(
    Probability("confidence", help="calibrated probability that the answer is right"),
    Label("trust", values=TRUST, help="ok, unsure (abstains) or unfamiliar (not such an input)"),
)


class Options(BaseModel):
    """What a person may set. One definition gives the form, the flags and the JSON schema.

    An option that names a file of the machine, or makes it ask the network, says so by
    ``json_schema_extra={"local": True}``: forms that others than its own people see do without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class ModelSpec:
    """A model that a domain ships: where its folder lies and which class loads it."""

    name: str
    technique: str
    """What kind of network, in the field's word: CNN, RNN, transformer, GAN, ANN."""
    predictor: str
    """``package.module:Class``, imported on first use."""
    title: str = ""
    summary: str = ""

    @property
    def folder(self) -> Path:
        """Return ``models/<name>`` beside the plugin's package, found without importing it."""
        package = self.predictor.partition(":")[0].partition(".")[0]
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ContractError(f"model {self.name!r}: no package {package!r}")
        return Path(spec.submodule_search_locations[0]) / "models" / self.name


class Domain(ABC):
    """A function from a table to a table, with a model behind it.

    Rows in, rows out, in the same order, one result row for each input row.
    """

    name: ClassVar[str]
    """For the command line and addresses: ``medical-imaging``."""
    title: ClassVar[str]
    """For people: ``Medical imaging``."""
    question: ClassVar[str]
    """What it answers, as a person would ask it."""
    icon: ClassVar[str] = ":material/deployed_code:"
    """A Material symbol."""
    notice: ClassVar[str] = ""
    """What a person must know before acting on a result."""
    example: ClassVar[str] = ""
    """What the built-in example is, for people who try it."""
    inputs: ClassVar[Table]
    outputs: ClassVar[Table]
    """What every model of the domain answers. A model may say more: see ``Predictor.outputs``."""
    Options: ClassVar[type[BaseModel]] = Options
    formats: ClassVar[tuple[str, ...]] = ()
    """Names of the formats that it takes beside plain pictures; any plugin may register them."""
    models: ClassVar[tuple[ModelSpec, ...]]
    when_measured: ClassVar[Mapping[str, Any]] = {}
    """Options that are set when a ranking is measured: what takes time and changes no figure."""
    truth: ClassVar[str] = ""
    """The input, a Boolean that is not required, that holds what came out of older rows where that
    is known. Its no and yes are the two values of the label that models answer, in their order; it
    is the column of labels of a fit or an evaluation unless another is named."""

    overlay: ClassVar[str] = ""
    """``package.module:function``: the domain's own way to draw a row's answer over its picture,
    ``(picture, answer) -> picture``. It is given uint8 (H, W, 3), a copy that it may draw into, and
    the columns of the row of results; ``drawing`` imports it on first use. Without one, lines are
    drawn where there are outputs of ``Polylines``."""

    @abstractmethod
    def samples(self) -> pd.DataFrame:
        """Return a few example rows, made without network: tests, dashboard and README use them.

        Columns that are no inputs (a name, the true label) are shown beside the results.
        """

    def example_files(self) -> Mapping[str, Path]:
        """Return further examples that are files, by the words of the button that scores one."""
        return {}

    def model_removed(self, name: str) -> None:  # noqa: B027 - there is mostly nothing to do
        """Let go what is kept of a fitted model outside its folder, which is deleted next.

        Raises:
            DeepfieldError: if it cannot; the model stays then.
        """

    @property
    def results(self) -> Table:
        """Return what each result row holds: the outputs, confidence and trust."""
        return with_trust(self.outputs)


def with_trust(outputs: Table) -> Table:
    """Return what a result row holds: a model's outputs, confidence and trust."""
    return Table(*outputs, *CONFIDENCE_AND_TRUST)


def ranked_output(inputs: Table, outputs: Table) -> Ranking | None:
    """Return the output that ranks what an input holds, where whole groups are answered; or None.

    Of such domains no label is asked for: what a group took next is the truth.
    """
    if not inputs.answer_per:
        return None
    rankings = (each for each in outputs if isinstance(each, Ranking))
    return next((each for each in rankings if each.of in inputs.names), None)


def check_outputs(who: str, inputs: Table, outputs: Table) -> None:
    """Raise ContractError if an output bears a name that stands beside it in a result row."""
    taken = {*inputs.names, *CONFIDENCE_AND_TRUST.names, "row"} & set(outputs.names)
    if taken:
        raise ContractError(
            f"{who}: an output may not be named {', '.join(map(repr, sorted(taken)))}; "
            "inputs, confidence, trust and row stand beside it"
        )


def read_options(
    kind: type[BaseModel], values: Mapping[str, Any], who: str, others: Iterable[str] = ()
) -> BaseModel:
    """Return options, defaults filled in.

    Args:
        who: whose they are, for a person.
        others: names that are options too, of somebody else.

    Raises:
        UsageError: one sentence for the first value that is wrong.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join([*kind.model_fields, *others]) or "none"
            raise UsageError(f"{who} has no option {name!r}. Options: {known}.") from error
        message = first["msg"].removeprefix("Value error, ")
        if not name:  # several options do not go together
            raise UsageError(f"Options of {who}: {message}.") from error
        raise UsageError(f"Option {name!r} of {who} is {first['input']!r}: {message}.") from error


def changed_options(options: BaseModel) -> dict[str, Any]:
    """Return the options that are not as they are by default, as plain values."""
    usual = type(options)().model_dump(mode="json")
    return {
        name: value
        for name, value in options.model_dump(mode="json").items()
        if value != usual.get(name)
    }


def check_options(who: str, kind: object) -> None:
    """Raise ContractError unless ``kind`` can be a form, flags and keyword arguments."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        raise ContractError(f"{who}.Options is no pydantic model")
    required = [name for name, each in kind.model_fields.items() if each.is_required()]
    if required:
        raise ContractError(f"{who}.Options gives no default for {', '.join(map(repr, required))}")
    own = RESERVED_OPTIONS & set(kind.model_fields)
    if own:
        raise ContractError(
            f"{who}.Options: {', '.join(map(repr, sorted(own)))} is an argument of scoring itself"
        )


def check_domain(domain: object) -> None:
    """Raise ContractError unless ``domain`` says everything that the core builds on."""
    if not isinstance(domain, Domain):
        raise ContractError(f"register_domains gave {domain!r}, which is no Domain")
    who = type(domain).__name__
    for attribute, kind in (("name", str), ("title", str), ("question", str), ("icon", str)):
        if not isinstance(getattr(domain, attribute, None), kind):
            raise ContractError(f"{who} lacks {attribute!r}, a {kind.__name__}")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", domain.name):
        raise ContractError(f"{who}: the name {domain.name!r} is not of the form 'lane-detection'")
    if domain.name in RESERVED_NAMES:
        raise ContractError(
            f"{who}: {domain.name!r} is the name of one of the dashboard's own pages"
        )
    if not re.fullmatch(r":material/[a-z0-9_]+:", domain.icon):
        raise ContractError(f"{who}: the icon {domain.icon!r} is not of the form ':material/name:'")
    for attribute in ("inputs", "outputs"):
        table = getattr(domain, attribute, None)
        if not isinstance(table, Table) or not table.fields:
            raise ContractError(f"{who} lacks {attribute!r}, a Table with at least one field")
    check_outputs(who, domain.inputs, domain.outputs)
    check_options(who, domain.Options)
    for each in domain.outputs:
        if isinstance(each, Ranking) and each.of and each.of not in domain.inputs.names:
            raise ContractError(f"{who}: {each.name!r} ranks {each.of!r}, which is no input")
        if isinstance(each, Polylines) and not any(
            isinstance(input, Image) and input.name == each.of for input in domain.inputs
        ):
            raise ContractError(f"{who}: {each.name!r} lies over {each.of!r}, which is no picture")
    if domain.overlay:
        if not re.fullmatch(r"[\w.]+:\w+", str(domain.overlay)):
            raise ContractError(
                f"{who}: overlay {domain.overlay!r} is not of the form 'package.module:function'"
            )
        if domain.inputs.image is None:
            raise ContractError(f"{who} has an overlay, and no one picture column to lay it over")
    truth = next((each for each in domain.inputs if each.name == domain.truth), None)
    if domain.truth and not (isinstance(truth, Boolean) and not truth.required):
        raise ContractError(
            f"{who}: the truth {domain.truth!r} is no Boolean among the inputs that is not required"
        )
    if domain.formats and domain.inputs.image is None:
        raise ContractError(f"{who} names formats of pictures, and has no one picture column")
    specs = getattr(domain, "models", ())
    if not specs or not all(isinstance(spec, ModelSpec) for spec in specs):
        raise ContractError(f"{who} lacks 'models', at least one ModelSpec")
    names = [spec.name for spec in specs]
    for spec in specs:
        if names.count(spec.name) > 1:
            raise ContractError(f"{who} names two models {spec.name!r}")
        if not re.fullmatch(r"[\w.]+:\w+", spec.predictor):
            raise ContractError(
                f"{who}: predictor {spec.predictor!r} is not of the form 'package.module:Class'"
            )
