"""Commands that take a domain: its options become their flags."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from deepfield.columns import listed
from deepfield.domain import Domain, ranked_output
from deepfield.errors import NotFoundError
from deepfield.formats import Formats
from deepfield.plugins import Registry

__all__ = [
    "DomainCommands",
    "flags_of",
    "given",
    "label_flag",
    "labelled_source",
    "map_flag",
    "option_flags",
    "say_columns",
]


class DomainCommands(click.Group):
    """``deepfield score DOMAIN …``: one subcommand for each installed domain."""

    def __init__(
        self, *args: Any, make: Callable[[Domain, Formats], click.Command], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.make = make

    @cached_property
    def registry(self) -> Registry:
        """Return the plugins, looked for once however often help asks."""
        return Registry.discover()

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(self.registry.domains)

    def get_command(self, context: click.Context, name: str) -> click.Command:
        domain = self.registry.domain(name)
        return self.make(domain, self.registry.formats_for(domain))

    def resolve_command(self, context: click.Context, args: list[str]):
        try:
            return super().resolve_command(context, args)
        except NotFoundError as error:
            raise click.UsageError(str(error), context) from error

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        domains = sorted(self.registry.domains.items())
        rows = [(name, domain.question) for name, domain in domains]
        if rows:
            with formatter.section("Domains"):
                formatter.write_dl(rows)


def option_flags(domain: Domain, formats: Formats) -> list[click.Option]:
    """Return one flag for each option of a domain and its formats, from pydantic models alone."""
    return flags_of(domain.Options.model_fields | formats.fields)


def flags_of(fields: Mapping[str, FieldInfo]) -> list[click.Option]:
    """Return one flag for each field of a pydantic model."""
    return [_flag(name, field) for name, field in fields.items()]


class Flag(click.Option):
    """A flag whose default is somebody else's: shown like click's own, without parentheses."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        return extra


def _flag(name: str, field: FieldInfo) -> click.Option:
    flag, kind = name.replace("_", "-"), field.annotation
    default = field.get_default(call_default_factory=True)
    described: dict[str, Any] = {"help": field.description, "show_default": str(default) or False}
    if kind is bool:
        return Flag([f"--{flag}/--no-{flag}", name], default=None, **described)
    return Flag([f"--{flag}", name], type=_click_type(kind, field), **described)


def _click_type(kind: Any, field: FieldInfo) -> Any:
    if get_origin(kind) is Literal:
        return click.Choice([str(value) for value in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return click.Choice([str(each.value) for each in kind])
    limits = {}
    for bound in field.metadata:
        for ours, theirs in (("ge", "min"), ("le", "max")):
            if getattr(bound, ours, None) is not None:
                limits[theirs] = getattr(bound, ours)
    if kind is int:
        return click.IntRange(**limits)
    if kind is float:
        return click.FloatRange(**limits)
    if kind is date:
        return click.DateTime(["%Y-%m-%d"])
    return click.STRING


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a person set; the others keep their defaults."""
    return {name: value for name, value in values.items() if value is not None}


def label_flag(domain: Domain, more: str = "") -> click.Option:
    """Return the flag that names the column of labels."""
    usual = domain.truth or "label"
    words = "column of the labels" + (": 0 or 1, no or yes" if domain.truth else "") + more
    return Flag(["--label"], help=words, show_default=usual)


def map_flag(domain: Domain, more: str = "") -> click.Option:
    """Return the flag that says which columns fill which fields."""
    fields = ", ".join(domain.inputs.names)
    return click.Option(
        ["--map", "mapping"],
        multiple=True,
        metavar="FIELD=COLUMN" + (" | LABEL=CLASS" if more else ""),
        help=f"which column of a table is which of {fields}; obvious names are found without, and "
        f"FIELD= leaves one out{more}; may be given often",
    )


def say_columns(columns: Mapping[str, str], quiet: bool) -> None:
    """Say on standard error what the columns of a table were taken for, if that had to be told."""
    if columns and not quiet:
        click.echo(f"Columns: {listed(columns)}. Correct with --map FIELD=COLUMN.", err=True)


def labelled_source(domain: Domain) -> str:
    """Say for help what a source with labels is, or one that is its own truth."""
    columns = ", ".join(name for name in domain.inputs.names if name != domain.truth)
    label = domain.truth or "label"
    ranked = ranked_output(domain.inputs, domain.outputs)
    if ranked is not None:
        optional = [each.name for each in domain.inputs if not each.required]
        named = ", ".join(optional[:-1]) + (" and " if len(optional) > 1 else "")
        without = f"; it may lack {named}{optional[-1]}" if optional else ""
        return (
            f"SOURCE is a .csv, .tsv, .parquet or .jsonl file with the columns {columns}{without}. "
            f"No labels are needed: which {ranked.of} each {domain.inputs.answer_per} took last is "
            "the truth."
        )
    if domain.inputs.image is not None:
        return (
            "SOURCE is a folder or .zip with a folder for each class, or a table with the columns "
            f"{columns} (paths) and {label}."
        )
    return (
        f"SOURCE is a .csv, .tsv, .parquet or .jsonl file with the columns {columns} and {label}."
    )
