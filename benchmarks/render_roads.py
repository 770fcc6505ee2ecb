"""How many pictures of made-up roads are drawn in a second, on one core.

    python benchmarks/render_roads.py
    python benchmarks/render_roads.py --pictures 200 --width 1280 --height 720

Time is the processor's, of three rounds of the same pictures.
"""

from __future__ import annotations

import resource
import sys
import time

import click


@click.command(help=__doc__)
@click.option("--pictures", default=100, type=click.IntRange(1))
@click.option("--width", default=640, type=click.IntRange(64))
@click.option("--height", default=360, type=click.IntRange(48))
@click.option("--shapes", type=click.Path(exists=True), help="real lanes to follow (JSON Lines)")
def main(pictures: int, width: int, height: int, shapes: str | None) -> None:
    import cv2

    from deepfield_datasets.roads import RoadOptions, read_shapes, render

    cv2.setNumThreads(1)
    options = RoadOptions(width=width, height=height)
    records = read_shapes(shapes) if shapes else None
    render(0, options, records)  # textures are made once
    rounds = []
    for _ in range(3):
        begin = time.process_time()
        for seed in range(pictures):
            render(seed, options, records)
        rounds.append(time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    click.echo(
        f"{width} × {height}: {pictures / min(rounds):.1f} pictures a second of one core in the "
        f"quickest of 3 rounds, {pictures / max(rounds):.1f} in the slowest, "
        f"{peak // (2**20 if sys.platform == 'darwin' else 2**10)} MB at most"
    )


if __name__ == "__main__":
    main()
