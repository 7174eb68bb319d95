"""A stranger with the verifier, alone: no goodwill on the path, no site packages, nothing from the environment."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from goodwill.shop import Shop
from goodwill.shop.proofs import verifier


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Stranger:
    """Knows a key and a log, and has a folder for files."""

    folder: Path
    key: str
    log: str

    def checks(self, *words: object, key: str = "", log: str = "") -> Said:
        program = self.folder / "goodwill_verifier.py"
        if not program.exists():
            program.write_text(verifier(), encoding="utf-8")
        command = [sys.executable, "-I", "-S", program, "--key", key or self.key, "--log", log or self.log, *words]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False, cwd=self.folder, env={}
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def has(self, name: str, content: str | bytes | object) -> Path:
        """A file of the stranger's."""
        file = self.folder / name
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file


def stranger_to(shop: Shop, folder: Path) -> Stranger:
    folder.mkdir(exist_ok=True)
    card = shop.proofs.card()
    return Stranger(folder, card.key, card.logs[0].id)
