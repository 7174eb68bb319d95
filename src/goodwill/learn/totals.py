"""Totals in files: whole numbers, only the cells that are not zero, written whole or not at all."""

import os
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.sums import Cells, Sums


def save(sums: Sums, file: Path) -> None:
    """Write a total to a file; a reader finds the old file or the new one, never half of one."""
    arrays: dict[str, Any] = {}  # savez takes arrays by name
    for name in sums:
        part = sums[name]
        cells = part if isinstance(part, Cells) else _sparse(part)
        arrays[f"{name}.shape"] = np.array(cells.shape, np.int64)
        arrays[f"{name}.at"] = cells.at
        arrays[f"{name}.values"] = cells.values
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    with beside.open("wb") as out:
        np.savez(out, **arrays)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)


def load(file: Path) -> Sums:
    """Read a total back.

    Raises:
        BadInput: the file is not one of ours, or was cut short.
    """
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as arrays:
            names = sorted({key.rsplit(".", 1)[0] for key in arrays.files})
            return Sums({
                name: Cells(
                    tuple(int(n) for n in arrays[f"{name}.shape"]), arrays[f"{name}.at"], arrays[f"{name}.values"]
                )
                for name in names
            })  # fmt: skip
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise BadInput(
            f"The kept total in {file} cannot be read ({error}); make it anew with: goodwill learn"
        ) from None


def _sparse(array: np.ndarray) -> Cells:
    flat = array.reshape(-1)
    at = np.flatnonzero(flat)
    return Cells(array.shape, at, flat[at])
