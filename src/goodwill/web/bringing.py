"""What staff bring in on a page: files that lie in the home for a while, looked at and taken in by one thread.

The same thread takes imports back: neither holds up those who answer requests.

A page cannot wait until a large file is read, so it asks how far the thread is. The folder of some files is named by
what is in them: whoever brings the same files after the server was stopped in the middle goes on where it was.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import Final

from goodwill.basics.errors import BadFile, Conflict, GoodwillError, NotFound
from goodwill.collect import imports
from goodwill.collect.imports import ImportReport, Plan, Progress
from goodwill.shop import Shop

KEPT: Final = 3_600.0  # seconds that files lie here after somebody last looked at them


class Step(StrEnum):
    """Where some files are on their way in."""

    LOOKING = "looking"  # read and tried; nothing is kept
    SEEN = "seen"  # what would become of them is known
    ASKED = "asked"  # they cannot be understood without a word
    UNREADABLE = "unreadable"  # damaged, or no files of a kind that can be read
    TAKING = "taking"
    TAKEN = "taken"
    BROKEN = "broken"  # an error that no word of anybody mends


@dataclass
class Brought:
    """Some files, and how far they are.

    Attributes:
        id: names them in addresses; made of what is in them.
        by: who brought them; nobody else sees them here.
        mapping, kind: what was said of how they are read, as with `goodwill import --map` and `--as`.
        trouble: what is wrong, in a sentence; "" if nothing.
        works: whether the thread has them, or will.
        seen: when somebody last looked; their folder bears the same time.
    """

    id: str
    by: str
    folder: Path
    files: tuple[Path, ...]
    step: Step = Step.LOOKING
    mapping: dict[str, str] = field(default_factory=dict)
    kind: str | None = None
    plan: Plan | None = None
    report: ImportReport | None = None
    progress: Progress | None = None
    trouble: str = ""
    works: bool = False
    seen: float = field(default_factory=time.time)

    def touch(self) -> None:
        """Note that somebody looks, so that the files stay a while longer."""
        self.seen = time.time()
        with suppress(FileNotFoundError):
            os.utime(self.folder)


@dataclass
class Leaving:
    """An import that somebody takes back.

    Attributes:
        trouble: why it stays, in a sentence; "" if nothing keeps it.
        works: whether the thread has it, or will.
    """

    number: int
    trouble: str = ""
    works: bool = True


class Closing(Exception):
    """The server closes; an import goes on another time."""


class Bench:
    """Where files lie while they are looked at and taken in, one import at a time."""

    def __init__(self, home: Path) -> None:
        self._home = home / "uploads"
        self._brought: dict[str, Brought] = {}
        self._leaving: dict[int, Leaving] = {}
        self._lock = Lock()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="goodwill-import")

    def room(self) -> Path:
        """A new folder for files that come in."""
        self.clear()
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(mkdtemp(prefix="coming-", dir=self._home))

    def drop(self, room: Path) -> None:
        """Delete a `room` whose files did not come whole."""
        shutil.rmtree(room, ignore_errors=True)

    def bring(self, shop: Shop, room: Path, files: Sequence[Path]) -> Brought:
        """Files that came whole into a `room`: look at them."""
        name = _name_of(files)
        with self._lock:
            known = self._brought.get(name)
            if known is not None and known.works:
                shutil.rmtree(room)
                if known.by != shop.actor.name:
                    raise Conflict("Somebody else is bringing in the same files just now.")
                return known
            folder = self._home / name
            shutil.rmtree(folder, ignore_errors=True)
            room.rename(folder)
            found = Brought(name, shop.actor.name, folder, tuple(folder / file.name for file in files))
            self._brought[name] = found
        self._begin(shop, found, Step.LOOKING)
        return found

    def get(self, name: str, by: str) -> Brought:
        """Files by their id, for whoever brought them.

        Raises:
            NotFound: they are not here, or no more.
        """
        found = self._brought.get(name)
        if found is None or found.by != by:
            raise NotFound("These files are not here any more; bring them again.")
        found.touch()
        return found

    def waiting(self, by: str) -> list[Brought]:
        """What lies here of somebody, the latest first."""
        return sorted((one for one in self._brought.values() if one.by == by), key=lambda one: -one.seen)

    def look(self, shop: Shop, found: Brought, mapping: Mapping[str, str], kind: str | None) -> None:
        """Look at files again, read in another way."""
        found.mapping, found.kind = dict(mapping), kind
        self._begin(shop, found, Step.LOOKING)

    def take(self, shop: Shop, found: Brought) -> None:
        """Take files in as they were looked at."""
        if found.step is Step.SEEN:
            self._begin(shop, found, Step.TAKING)

    @property
    def takes(self) -> bool:
        """Whether files are being taken in, or will be in a moment."""
        return any(one.works and one.step is Step.TAKING for one in self._brought.values())

    def take_back(self, shop: Shop, number: int) -> None:
        """Take an import back, after what the thread has before it."""
        with self._lock:
            known = self._leaving.get(number)
            if known is not None and known.works:
                return
            leaving = self._leaving[number] = Leaving(number)
        self._thread.submit(self._take_back, shop, leaving)

    def leaving(self, number: int) -> Leaving | None:
        """An import that was taken back here, or is being."""
        return self._leaving.get(number)

    def let_go(self, found: Brought) -> None:
        """Delete files, unless the thread has them."""
        with self._lock:
            if not found.works and self._brought.pop(found.id, None) is not None:
                shutil.rmtree(found.folder, ignore_errors=True)

    def clear(self) -> None:
        """Delete what nobody looked at for a while."""
        for found in [one for one in self._brought.values() if time.time() - one.seen > KEPT]:
            self.let_go(found)
        clear_uploads(self._home.parent)

    def close(self) -> None:
        """Stop; what is being taken in goes on when the same files come again."""
        self._closing = True
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ---- the thread --------------------------------------------------------------------------------------------------

    def _begin(self, shop: Shop, found: Brought, step: Step) -> None:
        with self._lock:
            if found.works:
                return
            found.works, found.step, found.trouble, found.progress = True, step, "", None
        work = self._try if step is Step.LOOKING else self._import
        self._thread.submit(self._guarded, found, work, shop)

    def _guarded(self, found: Brought, work: Callable[[Shop, Brought], None], shop: Shop) -> None:
        try:
            work(shop, found)
        except Closing:
            found.step, found.trouble = Step.BROKEN, "The server was stopped; bring the same files to go on."
        except GoodwillError as error:
            found.step, found.trouble = _step_after(error, found), str(error)
        except Exception as error:  # noqa: BLE001 (the last catch of this thread; the page says what it can)
            found.step, found.trouble = Step.BROKEN, f"Something broke here ({type(error).__name__}); nothing is lost."
        finally:
            found.works = False
            found.touch()

    def _take_back(self, shop: Shop, leaving: Leaving) -> None:
        try:
            shop.intake.undo(leaving.number)
        except GoodwillError as error:
            leaving.trouble = str(error)
        except Exception as error:  # noqa: BLE001 (as above)
            leaving.trouble = f"Something broke here ({type(error).__name__}); take it back once more."
        finally:
            leaving.works = False

    def _try(self, shop: Shop, found: Brought) -> None:
        found.plan = found.report = None
        plan = imports.plan(found.files, as_=found.kind, mapping=found.mapping)
        found.report = self._run(shop, found, plan, dry_run=True)
        found.plan, found.step = plan, Step.SEEN

    def _import(self, shop: Shop, found: Brought) -> None:
        if found.plan is not None:
            found.report = self._run(shop, found, found.plan, dry_run=False)
            found.step = Step.TAKEN
            for file in found.files:  # nobody needs them any more; the rejected rows stay for a while
                file.unlink(missing_ok=True)

    def _run(self, shop: Shop, found: Brought, plan: Plan, *, dry_run: bool) -> ImportReport:
        def reached(progress: Progress) -> None:
            found.progress = progress
            found.touch()
            if self._closing:
                raise Closing

        return shop.intake.run(plan, dry_run=dry_run, rejects_to=found.folder / "rejects.csv", progress=reached)


def _step_after(error: GoodwillError, found: Brought) -> Step:
    if found.step is not Step.LOOKING or found.plan is not None:
        return Step.BROKEN
    return Step.UNREADABLE if isinstance(error, BadFile) and "--map" not in str(error) else Step.ASKED


def clear_uploads(home: Path) -> int:
    """Delete the files that were brought on a page and that nobody looked at for a while; tells of how many."""
    folder, gone = home / "uploads", 0
    for one in folder.iterdir() if folder.is_dir() else ():
        if time.time() - one.stat().st_mtime > KEPT:
            shutil.rmtree(one, ignore_errors=True)
            gone += 1
    return gone


def _name_of(files: Sequence[Path]) -> str:
    hasher = hashlib.sha256()
    for file in files:
        with file.open("rb") as data:
            hasher.update(file.name.encode() + b"\0" + hashlib.file_digest(data, "sha256").digest())
    return hasher.hexdigest()[:32]
