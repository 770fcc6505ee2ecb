"""How long a large log takes to fit, and how much memory: of simulated shoppers.

    python benchmarks/fit_log.py
    python benchmarks/fit_log.py --rows 1000000 --base sasrec

The log lies in a Parquet file. The fit runs in a process of its own, whose peak memory is told;
reading, sorting, three or more epochs, measuring on last moments and learning once more from all
are in its time.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet

from deepfield_datasets.synthetic_shoppers import ShopperOptions, SyntheticShoppers

CODE = """
import sys, deepfield
fitted = deepfield.fit("recommendations", sys.argv[1], name="large", base=sys.argv[2])
found = fitted.evaluation
print({each.name: each.value for each in found.figures if not each.of})
"""


@click.command(help=__doc__)
@click.option("--rows", default=20_000_000, show_default=True, type=click.IntRange(1000))
@click.option("--items", default=10_000, show_default=True, type=click.IntRange(16))
@click.option("--base", default="sasrec", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(rows: int, items: int, base: str, output: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "log.parquet"
        write(place, rows, items)
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(place), base],
            env={**os.environ, "DEEPFIELD_HOME": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
    if done.returncode:
        raise click.ClickException(done.stderr)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    found = {
        "rows": rows,
        "base": base,
        "minutes": round(seconds / 60, 1),
        "peak memory, GiB": round(peak, 1),
        "figures": done.stdout.strip(),
    }
    text = json.dumps(found, indent=2)
    if output is not None:
        output.write_text(text + "\n")
    click.echo(text)


def write(place: Path, rows: int, items: int) -> None:
    """Write purchases piece by piece: who, what, when."""
    writer = None
    for piece in SyntheticShoppers().chunks(rows, options=ShopperOptions(items=items)):
        table = pa.Table.from_pandas(piece[["user_id", "item_id", "time"]], preserve_index=False)
        writer = writer or pa.parquet.ParquetWriter(place, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main()
