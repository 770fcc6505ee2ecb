"""Read pictures that strangers send: bounded, in known formats only, to plain arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from deepfield.errors import InputError

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_WORDS",
    "SUFFIXES",
    "Fit",
    "Mode",
    "Resized",
    "inner_box",
    "open_picture",
    "read_picture",
    "resized",
]

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"})
MAX_BYTES = 200 * 2**20
MAX_PIXELS = 80_000_000
MAX_WORDS = f"at most {MAX_PIXELS // 10**6} million are read"

Mode = Literal["L", "RGB"]
Fit = Literal["stretch", "pad"]
"""How a picture comes to a size: stretched to it, or whole and centred between black bars."""

# Pillow warns of pictures that are refused below with a sentence, a little later.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_picture(value: object, mode: Mode = "RGB", at_least: int | None = None) -> Image.Image:
    """Decode a picture upright, in ``mode``.

    Args:
        value: encoded bytes, a path, an array (H, W) or (H, W, 3) of uint8, a Pillow image, or
            what has a method ``picture`` that returns one of these (see ``formats.Picture``).
        mode: ``"L"`` for grey, ``"RGB"`` for colour.
        at_least: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its scale, as long as each side
            keeps twice this many pixels: for a picture to look at, not for one to be judged.

    Sixteen-bit and floating-point greys are stretched from their least to their greatest value;
    transparency is laid over black; EXIF rotation is applied.

    Raises:
        InputError: in one sentence, for whatever is no single picture of a bounded size.
    """
    try:
        picture = _identify(value)
        if picture.format in ("JPEG", "MPO") and at_least:
            picture.draft(mode, (2 * at_least, 2 * at_least))
        picture.load()
        white_is_zero = _white_is_zero(picture)
        return _to_mode(ImageOps.exif_transpose(picture), mode, white_is_zero)
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(f"is no picture that can be read ({', '.join(FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"has too many pixels; {MAX_WORDS}") from error
    except FileNotFoundError as error:
        raise InputError(f"does not exist: {str(value)!r}") from error
    except PermissionError as error:
        raise InputError("may not be read: permission denied") from error
    except Exception as error:  # decoders raise anything at all on hostile bytes
        raise InputError(f"is broken and cannot be decoded ({_reason(error)})") from error


class Resized(np.ndarray):
    """A picture at the size that a network takes, which knows the size that it came in.

    What is made of several, by ``np.stack`` say, is a plain array.
    """

    __array_priority__ = -1.0  # or numpy would make stacks of this kind too
    original: tuple[int, int]
    """(height, width) of the upright picture as it came."""
    fit: Fit

    def __array_finalize__(self, other: object) -> None:
        self.original = getattr(other, "original", self.shape[:2])
        self.fit = getattr(other, "fit", "stretch")

    def to_original(self, points: Any) -> np.ndarray:
        """Map points (n, 2), x and y in this picture, to the picture as it came, as float32.

        Coordinates count from the centre of the upper left pixel, in both pictures.
        """
        top, left, height, width = inner_box(self.original, self.shape[:2], self.fit)
        scale = np.array([self.original[1] / width, self.original[0] / height])
        moved = np.asarray(points, dtype=np.float64).reshape(-1, 2) - (left, top)
        return ((moved + 0.5) * scale - 0.5).astype(np.float32)


def resized(array: np.ndarray, original: tuple[int, int], fit: Fit = "stretch") -> Resized:
    """Return a picture that was brought to a size from ``original`` (height, width)."""
    known = array.view(Resized)
    known.original, known.fit = original, fit
    return known


def inner_box(
    original: tuple[int, ...], size: tuple[int, ...], fit: Fit
) -> tuple[int, int, int, int]:
    """Return where a picture comes to lie at a size: top, left, height and width."""
    if fit == "stretch":
        return 0, 0, size[0], size[1]
    scale = min(size[0] / original[0], size[1] / original[1])
    height = min(max(round(original[0] * scale), 1), size[0])
    width = min(max(round(original[1] * scale), 1), size[1])
    return (size[0] - height) // 2, (size[1] - width) // 2, height, width


def read_picture(
    value: object,
    mode: Mode = "L",
    size: tuple[int, int] | None = None,
    fit: Fit = "stretch",
) -> np.ndarray:
    """Decode a picture to uint8, (H, W) for grey or (H, W, 3) for colour.

    With ``size`` (height, width) it is brought to exactly that, as ``fit`` says, and is a
    ``Resized``. It is decoded in full before: a JPEG decoded at a reduced scale moved probabilities
    of the chest model by up to 0.015, to gain a tenth of the time. A frame of a video knows a way
    of its own (``formats.Picture.sized``), which costs a tenth of all that.
    """
    straight = getattr(value, "sized", None)
    if size is not None and straight is not None:
        return _guarded(lambda: straight(mode, tuple(size), fit))
    picture = open_picture(value, mode)
    if size is None:
        return np.asarray(picture)
    original = picture.height, picture.width
    top, left, height, width = inner_box(original, size, fit)
    if original != (height, width):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    if (height, width) != tuple(size):
        whole = Image.new(mode, (size[1], size[0]))
        whole.paste(picture, (left, top))
        picture = whole
    return resized(np.asarray(picture), original, fit)


def _identify(value: object) -> Image.Image:
    """Open without decoding, and refuse what is too large or not one picture."""
    if hasattr(value, "picture"):
        return _identify(_guarded(value.picture))
    if isinstance(value, Image.Image):
        _check_size(*value.size)
        return value
    if isinstance(value, np.ndarray):
        if value.dtype != np.uint8 or value.ndim not in (2, 3):
            raise InputError(
                f"is an array of {value.dtype} with shape {value.shape}; expected uint8, "
                "(height, width) or (height, width, 3)"
            )
        _check_size(value.shape[1], value.shape[0])
        return Image.fromarray(value)
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
    elif isinstance(value, dict) and value.get("bytes"):  # how Hugging Face datasets keep pictures
        return _identify(value["bytes"])
    elif hasattr(value, "read_bytes") and not isinstance(value, Path):  # a member of an archive
        data = value.read_bytes()
    elif isinstance(value, str | Path):
        path = Path(value)
        if path.is_dir():
            raise InputError("is a folder, not a picture")
        if path.exists() and not path.is_file():
            raise InputError("is a device or a pipe, not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    else:
        raise InputError(f"is {type(value).__name__}, which is no picture (a path or bytes)")
    if not data:
        raise InputError("is empty (0 bytes)")
    if len(data) > MAX_BYTES:
        raise InputError(f"has more than {MAX_BYTES >> 20} MB")
    picture = Image.open(BytesIO(data), formats=FORMATS)
    _check_size(*picture.size)
    frames = getattr(picture, "n_frames", 1)
    if frames > 1 and picture.format != "MPO":  # phones add a preview; the first is the picture
        raise InputError(f"holds {frames} frames; save the one you mean as a picture of its own")
    return picture


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise InputError(f"has {width:,} × {height:,} pixels; {MAX_WORDS}")


def _guarded(decode: Callable[[], Any]) -> Any:
    try:
        return decode()
    except InputError:
        raise
    except Exception as error:
        # Not its message: a scan's decoder may quote what the file says about a patient.
        name = type(error).__name__
        raise InputError(f"is broken and cannot be decoded ({name})") from error


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _white_is_zero(picture: Image.Image) -> bool:
    """Return whether a TIFF counts from white and Pillow, which turns only eight bits, did not."""
    photometric = getattr(picture, "tag_v2", {}).get(262)  # PhotometricInterpretation
    return photometric == 0 and _is_deep(picture)


def _to_mode(picture: Image.Image, mode: Mode, white_is_zero: bool = False) -> Image.Image:
    if _is_deep(picture):
        values = np.asarray(picture, dtype=np.float32)
        if not np.isfinite(values).all():
            raise InputError("holds pixels that are not numbers")
        low, high = float(values.min()), float(values.max())
        stretched = np.rint((values - low) * (255 / max(high - low, 1e-9)))
        stretched = 255 - stretched if white_is_zero else stretched
        picture = Image.fromarray(stretched.astype(np.uint8))
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture)
    return picture if picture.mode == mode else picture.convert(mode)


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split())
    return words[:120] or type(error).__name__
