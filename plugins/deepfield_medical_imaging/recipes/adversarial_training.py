"""Train a generator of scans against projected discriminators: pictures in, weights out.

    python -m deepfield_medical_imaging.recipes.adversarial_training chest-xray --data DIR \\
        --start WEIGHTS --work runs/chest-xray-gan

Hinge loss (Lim and Ye 2017), Adam, an exponential moving average of the generator. Runs on a CPU
or on CUDA; a run that was stopped goes on from its last checkpoint. ``samples-*.png`` in the work
folder show how far it is.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import numpy as np
import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torchvision.utils import save_image

from deepfield.images import read_picture
from deepfield.neural.training import chosen_device
from deepfield.neural.weights import save_weights
from deepfield_medical_imaging.generator import Generator, GeneratorConfig
from deepfield_medical_imaging.recipes.discriminator import ProjectedDiscriminator, augment
from deepfield_medical_imaging.recipes.studies import STUDIES
from deepfield_medical_imaging.recipes.training import photograph_weights

CHECKPOINT_EVERY = 250


@click.command(help=__doc__)
@click.argument("study", type=click.Choice(sorted(STUDIES)))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--start", required=True, help="safetensors of ImageNet weights, or 'hub'")
@click.option("--from", "earlier", type=click.Path(exists=True, path_type=Path),
              help="generator.safetensors of another study to start from")  # fmt: skip
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--steps", default=8000, show_default=True)
@click.option("--minutes", type=float, help="stop, with a checkpoint, after so many minutes")
@click.option("--batch", default=16, show_default=True)
@click.option("--rate", default=2e-4, show_default=True)
@click.option("--ema", default=0.998, show_default=True)
@click.option("--flip/--no-flip", default=False, show_default=True, help="mirror pictures")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(
    study, data, start, earlier, work, steps, minutes, batch, rate, ema, flip, seed, threads
) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    device = chosen_device()
    chosen = STUDIES[study]
    rows = chosen.dataset.load(data)
    rows = rows[~chosen.held_out(rows)]
    config = GeneratorConfig(chosen.classes)
    side = config.image_size
    pixels = torch.from_numpy(np.stack([read_picture(p, "L", (side, side)) for p in rows["image"]]))
    labels = torch.tensor(rows["label"].map(chosen.classes.index).to_numpy())

    generator = Generator(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
    if earlier:
        start_from(generator, earlier)
    discriminator = ProjectedDiscriminator(
        chosen.classes, photograph_weights(start, "mobilenetv2_100")
    ).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # as above
    average = ModelEmaV3(generator, decay=ema, use_warmup=True)
    trained = [each for each in discriminator.parameters() if each.requires_grad]
    of_generator = torch.optim.Adam(generator.parameters(), rate, (0.0, 0.99))
    of_discriminator = torch.optim.Adam(trained, rate, (0.0, 0.99))
    parts = {
        "generator": generator,
        "discriminator": discriminator,
        "average": average.module,
        "of_generator": of_generator,
        "of_discriminator": of_discriminator,
    }
    work.mkdir(parents=True, exist_ok=True)
    checkpoint = work / "checkpoint.pt"
    step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        step = saved["step"]
        click.echo(f"resuming after step {step}")

    weights = 1.0 / torch.bincount(labels)[labels].double()
    shown = one_hot_codes(config, torch.arange(8 * len(chosen.classes)) % len(chosen.classes), 0)
    began, losses = time.monotonic(), np.zeros(2)
    draws = torch.Generator().manual_seed(seed * 10_007 + step)
    while step < steps and not (minutes and time.monotonic() - began > 60 * minutes):
        place = torch.multinomial(weights, batch, True, generator=draws)
        real = pixels[place].to(device).float().unsqueeze(1) / 127.5 - 1
        if flip:
            mirrored = torch.rand(batch, 1, 1, 1, generator=draws).to(device) < 0.5
            real = torch.where(mirrored, real.flip(3), real)
        classes = labels[place].to(device)
        latent = torch.randn(batch, config.latent, generator=draws).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            codes = torch.cat([latent, nn.functional.one_hot(classes, len(chosen.classes))], dim=1)
            # The made pictures and their features serve both steps: the heads alone differ.
            (made,) = generator(codes)
            of_made = discriminator.features(augment(made.float()))
            with torch.no_grad():
                of_real = discriminator.features(augment(real))
            detached = [each.detach() for each in of_made]
            on_real = discriminator.judge(of_real, classes).float()
            on_made = discriminator.judge(detached, classes).float()
            loss = (1 - on_real).relu().mean() + (1 + on_made).relu().mean()
        of_discriminator.zero_grad(set_to_none=True)
        loss.backward()
        of_discriminator.step()
        for each in trained:
            each.requires_grad_(False)
        with torch.autocast(device.type, torch.bfloat16):
            fooling = -discriminator.judge(of_made, classes).float().mean()
        of_generator.zero_grad(set_to_none=True)
        fooling.backward()
        of_generator.step()
        for each in trained:
            each.requires_grad_(True)
        step += 1
        average.update(generator, step=step)
        losses += [loss.item(), fooling.item()]
        if step % CHECKPOINT_EVERY == 0 or step == steps:
            figures = {
                "step": step,
                "pictures": step * batch,
                "discriminator": losses[0] / CHECKPOINT_EVERY,
                "generator": losses[1] / CHECKPOINT_EVERY,
                "minutes": round((time.monotonic() - began) / 60, 2),
            }
            losses[:] = 0
            with (work / "log.jsonl").open("a") as log:
                log.write(json.dumps(figures) + "\n")
            click.echo("  ".join(f"{name} {value:.4g}" for name, value in figures.items()))
            keep(work, parts, step)
            average.module.eval()
            with torch.inference_mode():
                (pictures,) = average.module(shown.to(device))
            save_image(pictures / 2 + 0.5, work / f"samples-{step:06d}.png", nrow=8)
    keep(work, parts, step)
    save_weights(average.module, work / "generator.safetensors")
    recipe = (
        f"python -m deepfield_medical_imaging.recipes.adversarial_training {study} --data DIR"
        f" --start WEIGHTS --work runs/{work.name} --steps {step} --batch {batch} --rate {rate:g}"
        f" --ema {ema:g} --{'' if flip else 'no-'}flip --seed {seed}"
        + (f" --from runs/{earlier.parent.name}/{earlier.name}" if earlier else "")
    )
    (work / "recipe.txt").write_text(recipe + "\n")


def one_hot_codes(config: GeneratorConfig, classes: Tensor, seed: int) -> Tensor:
    """Return codes (n, latent + classes) for pictures of the given classes (n,)."""
    latent = torch.randn(len(classes), config.latent, generator=torch.Generator().manual_seed(seed))
    return torch.cat([latent, nn.functional.one_hot(classes, len(config.classes))], dim=1)


def start_from(generator: Generator, file: Path) -> None:
    """Take what fits from another study's generator: all but what the classes enter by."""
    from safetensors.torch import load_file

    own = generator.state_dict()
    taken = {name: each for name, each in load_file(file).items() if own[name].shape == each.shape}
    generator.load_state_dict({**own, **taken})


def keep(work: Path, parts: dict[str, torch.nn.Module | torch.optim.Optimizer], step: int) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    torch.save({**states, "step": step}, work / "checkpoint.tmp")
    (work / "checkpoint.tmp").replace(work / "checkpoint.pt")  # a kill leaves the old one whole


if __name__ == "__main__":
    main()
