"""How fast card transactions are simulated, and in how much memory.

    python benchmarks/simulate_transactions.py                  # a million rows, and ten
    python benchmarks/simulate_transactions.py --rows 100000

Each number of rows is made in a process of its own, once as a DataFrame where it fits, and once
straight to Parquet.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click


@click.command(help=__doc__)
@click.option("--rows", multiple=True, type=click.IntRange(1), help="default: 1,000,000 and ten")
@click.option("--to", type=click.Choice(["frame", "parquet"]), hidden=True)
def main(rows: tuple[int, ...], to: str | None) -> None:
    if to is not None:
        click.echo(json.dumps(measured(rows[0], to)))
        return
    for number in rows or (1_000_000, 10_000_000):
        for kind in ("frame", "parquet"):
            command = [sys.executable, __file__, "--rows", str(number), "--to", kind]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            click.echo(done.stdout.strip())


def measured(rows: int, to: str) -> dict[str, object]:
    """Return seconds, rows a second and the process's peak memory."""
    from deepfield_datasets.synthetic_transactions import SyntheticTransactions

    dataset = SyntheticTransactions()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        if to == "frame":
            dataset.generate(rows)
        else:
            dataset.write(Path(folder) / "rows.parquet", rows)
        seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": rows,
        "to": to,
        "seconds": round(seconds, 2),
        "rows a second": round(rows / seconds),
        "peak MB": peak // (2**20 if sys.platform == "darwin" else 2**10),
    }


if __name__ == "__main__":
    main()
