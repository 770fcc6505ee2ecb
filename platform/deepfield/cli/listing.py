"""``deepfield domains``, ``models`` and ``datasets``: what is installed."""

from __future__ import annotations

from typing import Any

import click

from deepfield.cli.output import as_json_flag, print_json, show
from deepfield.dataset import RealDataset
from deepfield.domain import Domain, ModelSpec
from deepfield.errors import DeepfieldError
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.store import FittedModel, find_model, list_models, remove_model

__all__ = ["datasets", "domains", "models"]

SHOWN = ("model", "domain", "technique", "about", "hash")


@click.command()
@as_json_flag
def domains(as_json: bool) -> None:
    """List the domains, and the plugins that failed with their reasons.

    \b
    Examples:
      deepfield domains
      deepfield domains --json      # with the JSON schemas of inputs, results and options
    """
    registry = Registry.discover()
    failures = [{"plugin": each.plugin, "reason": each.reason} for each in registry.failures]
    if as_json:
        found = [
            {
                "name": domain.name,
                "title": domain.title,
                "question": domain.question,
                "models": [spec.name for spec in domain.models],
                "inputs": domain.inputs.json_schema(),
                "results": domain.results.json_schema(),
                "options": domain.Options.model_json_schema(),
            }
            for domain in registry.domains.values()
        ]
        print_json({"domains": found, "failures": failures})
        return
    rows = [
        {
            "domain": domain.name,
            "answers": domain.question,
            "takes": ", ".join(domain.inputs.names),
            "gives": ", ".join(domain.results.names),
        }
        for _, domain in sorted(registry.domains.items())
    ]
    show(rows, "No domains are installed.")
    if failures:
        click.echo("Plugins that failed:", err=True)
        for each in failures:
            click.echo(f"  {each['plugin']}: {each['reason']}", err=True)


@click.command()
@click.argument("domain", required=False)
@click.option("--card", metavar="MODEL", help="print the card of a model of DOMAIN")
@click.option("--remove", metavar="MODEL", help="delete a model that was fitted for DOMAIN")
@click.option("--yes", is_flag=True, help="with --remove: do not ask")
@as_json_flag
def models(
    domain: str | None, card: str | None, remove: str | None, yes: bool, as_json: bool
) -> None:
    """List models, shipped and fitted, with their main figures, or print a model's card.

    \b
    Examples:
      deepfield models
      deepfield models medical-imaging --card chest-xray
      deepfield models medical-imaging --remove mine
    """
    registry = Registry.discover()
    if card is not None:
        if domain is None:
            raise click.UsageError("--card needs the domain: deepfield models DOMAIN --card MODEL")
        click.echo(ModelFolder(find_model(registry.domain(domain), card).folder).card)
        return
    if remove is not None:
        if domain is None:
            raise click.UsageError(
                "--remove needs the domain: deepfield models DOMAIN --remove MODEL"
            )
        chosen_domain = registry.domain(domain)
        if not yes:
            click.confirm(f"Delete the fitted model {remove!r} of {domain}?", abort=True, err=True)
        remove_model(chosen_domain, remove)
        return
    chosen = [registry.domain(domain)] if domain else list(registry.domains.values())
    rows = [_model_row(each, spec, as_json) for each in chosen for spec in list_models(each)]
    if as_json:
        print_json(rows)
    else:
        shown = [{name: row[name] for name in SHOWN} for row in rows]
        show(shown, "No models are installed.")


def _model_row(domain: Domain, spec: ModelSpec, with_figures: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": spec.name,
        "domain": domain.name,
        "technique": spec.technique,
        "about": spec.summary or spec.title,
        "fitted": isinstance(spec, FittedModel),
    }
    if isinstance(spec, FittedModel) and spec.problem:
        return row | {"hash": "broken", "problem": spec.problem}
    try:
        folder = ModelFolder(spec.folder)
        row |= {"hash": folder.hash[:12], "folder": str(folder.path)}
        if with_figures:
            row["figures"] = folder.figures
    except DeepfieldError as error:
        row |= {"hash": "missing", "problem": str(error)}
    return row


@click.command()
@as_json_flag
def datasets(as_json: bool) -> None:
    """List the datasets that plugins know. Real ones are not shipped: you name their folder.

    \b
    Examples:
      deepfield datasets
      deepfield datasets --json      # with what is known to mislead in each
    """
    rows = [
        {
            "dataset": each.name,
            "kind": "real" if isinstance(each, RealDataset) else "made by Deepfield",
            "about": each.card.summary,
            "license": each.card.license,
            "source": each.card.source,
            "traps": list(each.card.traps),
        }
        for each in Registry.discover().datasets.values()
    ]
    if as_json:
        print_json(rows)
    else:
        shown = [{name: value for name, value in row.items() if name != "traps"} for row in rows]
        show(shown, "No datasets are known.")
