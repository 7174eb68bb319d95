"""The files that unlock a key store: the master key, which lasts, and an epoch's key, which is destroyed with it.

A copy of the key store's database opens nothing by itself. It needs both, and of an epoch's key there is only one file:
once that is overwritten, every older copy of the database is as good as random bytes, whoever holds the master key.
"""

import os
import re
import secrets
from pathlib import Path
from typing import Final

from goodwill.basics.errors import BadInput, KeyMissing

KEY_BYTES: Final = 32
_EPOCH_KEY = re.compile(r"epoch-([1-9][0-9]{0,17})\.key")


# ---- the master key ------------------------------------------------------------------------------------------------


def master_key(folder: Path, given: bytes | None, *, must_exist: bool) -> bytes:
    """The master key: the one given, else the one in the folder; the first time it is made.

    Raises:
        KeyMissing: the store was made with one that is not there.
        BadInput: it is not 32 bytes, or others on this machine can read its file.
    """
    file = folder / "master.key"
    if given is None and not file.exists():
        if must_exist:
            raise KeyMissing(
                f"The key store in {folder} was made with a master key that is not there. Put back {file}, or hand "
                "over the key from where you keep it; without it nothing that it locked can be read."
            )
        _make(file)
    key = given if given is not None else _read_privately(file)
    if len(key) != KEY_BYTES:
        raise BadInput(
            f"A master key is {KEY_BYTES} bytes; {'the one given' if given is not None else file} has {len(key)}."
        )
    return key


def _read_privately(file: Path) -> bytes:
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise BadInput(f"Others on this machine may read {file}. Take that from them first: chmod 600 {file}")
    return file.read_bytes()


# ---- keys of epochs ------------------------------------------------------------------------------------------------


def epoch_key_file(folder: Path, number: int) -> Path:
    """Where an epoch's key lies as long as the epoch lasts."""
    return folder / f"epoch-{number}.key"


def epoch_key(folder: Path, number: int) -> bytes | None:
    """An epoch's key; None if there is none, or no more.

    Raises:
        BadInput: others on this machine can read its file.
    """
    try:
        key = _read_privately(epoch_key_file(folder, number))
    except FileNotFoundError:
        return None
    return key if len(key) == KEY_BYTES else None


def make_epoch_key(folder: Path, number: int) -> bytes:
    """Make an epoch's key, or take the one that an interrupted start of this epoch left."""
    file = epoch_key_file(folder, number)
    if not file.exists():
        _make(file)
    return _read_privately(file)


def epoch_keys(folder: Path) -> set[int]:
    """The epochs of which a key lies in the folder."""
    return {int(found[1]) for file in folder.iterdir() if (found := _EPOCH_KEY.fullmatch(file.name))}


def destroy_epoch_key(folder: Path, number: int) -> None:
    """Overwrite an epoch's key and take its file away; doing it twice does no harm."""
    file = epoch_key_file(folder, number)
    try:
        handle = os.open(file, os.O_WRONLY)
    except FileNotFoundError:
        return
    with os.fdopen(handle, "wb") as out:
        out.write(bytes(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    file.unlink(missing_ok=True)
    _make_lasting(folder)


# ---- writing -------------------------------------------------------------------------------------------------------


def _make(file: Path) -> None:
    """Write 32 random bytes, whole and lasting or not at all; of two processes that try, the first one's stay."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    _make_lasting(file.parent)


def _make_lasting(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
