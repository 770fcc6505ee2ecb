"""``deepfield selftest``: golden rows, recomputed."""

from __future__ import annotations

import sys

import click

from deepfield.cli.output import as_json_flag, print_json
from deepfield.plugins import Registry
from deepfield.selftest import selftest as run_selftest

__all__ = ["selftest"]


@click.command()
@click.argument("domain", required=False)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@as_json_flag
def selftest(domain: str | None, device: str, as_json: bool) -> None:
    """Recompute every golden row of every installed model and say which differ.

    Golden rows are inputs kept with a model together with what it answered when it was made. A
    difference means that this machine, or a library on it, changes answers. Exits with 1 then.

    \b
    Examples:
      deepfield selftest
      deepfield selftest medical-imaging
    """
    registry = Registry.discover()
    findings = run_selftest(registry, domain, device)
    if as_json:
        failed = [{"plugin": each.plugin, "reason": each.reason} for each in registry.failures]
        rows = [{**vars(each), "passed": each.passed} for each in findings]
        print_json({"models": rows, "failures": failed})
    else:
        for each in findings:
            word = "ok     " if each.passed else "DIFFERS"
            click.echo(f"{word} {each.domain}/{each.model}: {each.rows} golden rows")
            for problem in each.problems:
                click.echo(f"        {problem}")
        for failure in registry.failures:
            click.echo(f"FAILED  plugin {failure.plugin}: {failure.reason}")
    broken = registry.failures and domain is None
    sys.exit(0 if all(each.passed for each in findings) and not broken else 1)
