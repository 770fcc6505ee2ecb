"""Stand-ins for identifiers: rows of one study can be told to belong together, and no more."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from deepfield.errors import DeepfieldError
from deepfield.folders import data_folder

__all__ = ["pseudonym"]

LENGTH = 12
SALT_BYTES = 32


def pseudonym(identifier: str) -> str | None:
    """Return twelve characters that stand for an identifier in this person's results.

    HMAC-SHA-256 with a random salt of this data folder. Without a salt, whoever has an archive's
    identifiers could hash them all and so find the patient; with it, only who has the folder can.
    The same study has the same pseudonym in every run on this folder, and another one elsewhere.

    Raises:
        DeepfieldError: if the salt cannot be read or written.
    """
    if not identifier:
        return None
    digest = hmac.new(_salt(data_folder() / "pseudonyms.salt"), identifier.encode(), hashlib.sha256)
    return digest.hexdigest()[:LENGTH]


def _salt(path: Path) -> bytes:
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # another process was first; its salt is the salt
                _write(path, secrets.token_bytes(SALT_BYTES))
        salt = path.read_bytes()
    except OSError as error:
        raise DeepfieldError(
            f"The salt of pseudonyms {str(path)!r} cannot be used: {error.strerror}. "
            "Set DEEPFIELD_HOME to a folder that can be written."
        ) from error
    if len(salt) != SALT_BYTES:
        raise DeepfieldError(
            f"{str(path)!r} does not hold {SALT_BYTES} bytes; remove it to have new pseudonyms."
        )
    return salt


def _write(path: Path, salt: bytes) -> None:
    """Write a file that no other process ever finds half written, where links can be made."""
    own = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _create(own, salt)
        path.hardlink_to(own)
    except FileExistsError:
        raise
    except OSError:  # exFAT and some network drives have no links
        _create(path, salt)
    finally:
        own.unlink(missing_ok=True)


def _create(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
