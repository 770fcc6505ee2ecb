"""Write the golden rows of every shipped model: the built-in example, and what it must give.

    python -m deepfield_medical_imaging.recipes.golden

To be run when weights, calibration, guard or the example have changed.
"""

from __future__ import annotations

import click

from deepfield.loading import load_model
from deepfield_medical_imaging import MedicalImaging


@click.command(help=__doc__)
def main() -> None:
    domain = MedicalImaging()
    rows = domain.samples()
    for spec in domain.models:
        model = load_model(domain, spec.name, "cpu")
        model.folder.write_golden(rows, model.predict(rows))
        click.echo(f"{spec.name}: {len(rows)} golden rows")


if __name__ == "__main__":
    main()
