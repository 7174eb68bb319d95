"""The demo: a shop with real purchases, and its main job from the first file to the proof of a withdrawal.

Import, who may be contacted, learn, three decisions with reasons, a withdrawal and its proof, how good it is, and what
it returned. Everything goes through the same `Shop` and the same importer that a real shop uses.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from shutil import rmtree
from time import perf_counter
from typing import TypeVar

import msgspec

from goodwill.basics.clock import DAY, Micros, date_of, day_of, iso
from goodwill.basics.errors import Conflict
from goodwill.collect import imports
from goodwill.decide import store as plan
from goodwill.decide.decision import Choice
from goodwill.decide.experiments import place
from goodwill.decide.plan import Holdout
from goodwill.learn.library import MODELS
from goodwill.measure import ranking
from goodwill.shop import Shop
from goodwill.shop.report import range_of, value_of
from goodwill.simulate.journey import Cast, Household, Prepared, prepare
from goodwill.simulate.told import (
    Accuracy,
    Because,
    Closing,
    Contact,
    Decided,
    File,
    Forgetting,
    Gain,
    Import,
    Item,
    Learn,
    Opening,
    Returned,
    Score,
    Told,
)

Chapter = Opening | Import | Contact | Learn | Decided | Forgetting | Accuracy | Returned | Closing
Listener = Callable[[Chapter], None]
Watcher = Callable[[imports.Progress], None]
_FOLDER = "demo"


class _Begun(msgspec.Struct, frozen=True):
    """When a demo shop was begun and with whom, so that an interrupted one goes on with the same files."""

    now: int
    full: bool


class Furnished(msgspec.Struct, frozen=True):
    """A demo shop that is ready: what came in, what was learned, and whom the story follows."""

    opening: Opening
    people: int
    cast: Cast
    imported: Import
    contact: Contact
    learned: Learn
    seconds: float


def nobody(_: Chapter) -> None:
    """Nobody listens."""


def furnish(shop: Shop, *, full: bool = False, listen: Listener = nobody, watch: Watcher | None = None) -> Furnished:
    """Fill a new demo shop: import the purchases and the invented consents, and learn. A furnished one stays as it is.

    Args:
        full: all 2,469 households instead of the 801 who told their demographics.
        listen: is told each chapter as it is done; watch: how far the import is.

    Raises:
        BadInput: the package with the purchases is missing.
        Conflict: the shop was begun with the other households.
    """
    folder = shop.folder / _FOLDER
    begun = _begin(shop, folder, full=full)
    kept = _kept(folder / "furnished.json", Furnished)
    if kept is None:
        start = perf_counter()
        prepared = prepare(folder, now=Micros(begun.now), full=full, register=shop.register)
        opening = Opening(shop.settings.watermark, (*prepared.notes, prepared.cast.says))
        listen(opening)
        imported = _heard(listen, _imported(shop, prepared, watch))
        contact = _heard(listen, _contact(shop))
        learned = _heard(listen, _learned(shop))
        seconds = perf_counter() - start
        kept = Furnished(opening, prepared.households, prepared.cast, imported, contact, learned, seconds)
        _keep(folder / "furnished.json", kept)
    else:
        for chapter in (kept.opening, kept.imported, kept.contact, kept.learned):
            listen(chapter)
    return kept


def tell(shop: Shop, *, full: bool = False, listen: Listener = nobody, watch: Watcher | None = None) -> Told:
    """The whole story of a demo shop. One that was told already is told again as it was.

    Raises: as `furnish`.
    """
    told = _kept(shop.folder / _FOLDER / "told.json", Told)
    if told is not None:
        _begin(shop, shop.folder / _FOLDER, full=full)
        for chapter in _chapters(told):
            listen(chapter)
        return told
    ready = furnish(shop, full=full, listen=listen, watch=watch)
    start, cast = perf_counter(), ready.cast
    amina = _heard(listen, _decided(shop, "Amina", cast.amina, "consenting"))
    bruno = _heard(listen, _decided(shop, "Bruno", cast.bruno, "never-asked"))
    before = _heard(listen, _decided(shop, "Chiara", cast.chiara, "consenting"))
    forgetting = _heard(listen, _forgotten(shop, "Chiara", cast.chiara))
    after = _decided(shop, "Chiara", cast.chiara, "withdrawn", before=before)
    listen(after)
    accuracy = _heard(listen, _accuracy(shop))
    returned = _heard(listen, _returned(shop, cast))
    told = Told(
        watermark=ready.opening.watermark,
        notes=ready.opening.notes,
        at=iso(shop.clock()),
        people=ready.people,
        may_contact=ready.contact,
        import_=ready.imported,
        learn=ready.learned,
        decisions=(amina, bruno, after),
        forgetting=forgetting,
        accuracy=accuracy,
        returned=returned,
        seconds=round(ready.seconds + perf_counter() - start, 2),
    )
    _keep(shop.folder / _FOLDER / "told.json", told)
    listen(Closing(told.watermark, told.seconds))
    return told


def chapters(home: Path) -> Iterator[Chapter]:
    """The story of a demo shop that was told, to be shown again."""
    told = _kept(home / _FOLDER / "told.json", Told)
    return iter(()) if told is None else _chapters(told)


def clear(home: Path) -> bool:
    """Take a demo shop away, whole; whether there was one.

    Raises:
        Conflict: the folder holds something else.
    """
    if not home.exists() or not any(home.iterdir()):
        return False
    if not (home / _FOLDER / "begun.json").exists():
        raise Conflict(f"{home} holds no demo shop, so it is not cleared. Choose another folder with --home.")
    rmtree(home)
    return True


def _chapters(told: Told) -> Iterator[Chapter]:
    """A story that was told before, in its order."""
    yield Opening(told.watermark, told.notes)
    amina, bruno, chiara = told.decisions
    chapters = (
        told.import_, told.may_contact, told.learn, amina, bruno, chiara.before, told.forgetting, chiara, told.accuracy,
        told.returned, Closing(told.watermark, told.seconds),
    )  # fmt: skip
    yield from (chapter for chapter in chapters if chapter is not None)


# ---- chapters ----------------------------------------------------------------------------------------------------


def _imported(shop: Shop, prepared: Prepared, watch: Watcher | None) -> Import:
    """All files in one import, by the way that ``goodwill import`` goes."""
    planned = imports.plan(list(prepared.files))
    rejects = prepared.files.lines.with_name("rejects.csv")
    report = shop.intake.run(planned, rejects_to=rejects, progress=watch)
    return Import(
        rows=report.rows,
        kept=report.kept,
        rejected=report.rejected,
        why=_why(report.reject_files),
        rows_per_second=round(report.rows_per_second),
        seconds=round(report.seconds, 2),
        files=tuple(File(part.file, part.kind, part.rows, part.kept, part.rejected) for part in report.parts),
    )


def _why(files: Iterable[Path]) -> dict[str, int]:
    """What was wrong with the rows that were not taken, counted, as the files of rejects tell it."""
    why: Counter[str] = Counter()
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as sheet:
            why.update(f"{row['rejected column']} {row['what to do']}" for row in csv.DictReader(sheet))
    return dict(why.most_common())


def _contact(shop: Shop) -> Contact:
    found = shop.may_contact()
    return Contact(found.yes, found.of, dict(found.why_not))


def _learned(shop: Shop) -> Learn:
    found = shop.learn()
    return Learn(found.items, found.people, tuple(found.models), round(found.seconds, 3))


def _decided(shop: Shop, person: str, who: Household, role: str, *, before: Decided | None = None) -> Decided:
    decision = shop.decide(who.id)
    items = tuple(map(_item, decision.items))
    return Decided(
        person=person,
        user_id=who.id,
        role=role,
        personalised=decision.personalised,
        reason=decision.reason,
        items=items,
        because=tuple(reason.text for reason in decision.because),
        covered=round(sum(item.covered for item in items) / max(1, len(items)), 4),
        used=tuple(decision.used),
        withheld=tuple(decision.withheld),
        decision=decision.id,
        before=before,
    )


def _item(choice: Choice) -> Item:
    because = tuple(Because(reason.text, round(reason.share, 4)) for reason in choice.because)
    return Item(choice.product, choice.name, choice.kind, because, round(choice.covered, 4))


def _forgotten(shop: Shop, person: str, who: Household) -> Forgetting:
    forgotten = shop.forget(who.id)
    found = forgotten.total(MODELS.name)
    return Forgetting(
        person=person,
        user_id=who.id,
        hash_before=found.hash_before,
        hash_after=found.hash_after,
        hash_rebuilt_without=found.hash_rebuilt_without,
        equal=forgotten.equal,
        people_before=found.people_before,
        people_after=found.people_after,
        milliseconds=round(forgotten.milliseconds, 2),
    )


def _accuracy(shop: Shop) -> Accuracy:
    start = perf_counter()
    found = shop.accuracy()
    basket = {
        "usual+new": found.usual_new,
        "usual": found.usual,
        "own-frequency+popularity": found.counting,
        "popularity": found.popular,
    }
    first = {"affinity": found.affinity, "popularity": found.popular_new}
    return Accuracy(
        items=found.items,
        people=found.people,
        seekers=found.seekers,
        next_basket={name: _score(score) for name, score in basket.items()},
        discovery={name: _score(score) for name, score in first.items()},
        gains=(
            Gain("usual+new", "own-frequency+popularity", round(found.gain.value, 4), round(found.gain.error, 4)),
            Gain("affinity", "popularity", round(found.gain_new.value, 4), round(found.gain_new.error, 4)),
        ),
        seconds=round(perf_counter() - start, 2),
    )


def _score(found: ranking.Score) -> Score:
    return Score(
        recall=round(found.recall.value, 4),
        ndcg=round(found.ndcg.value, 4),
        recall_error=round(found.recall.error, 4),
        ndcg_error=round(found.ndcg.error, 4),
    )


_LEFT_OUT = 20  # percent of the households, as if since so many weeks
_WEEKS = 12
_SPENT = (("licence", "300.00"), ("labour", "900.00"))


def _returned(shop: Shop, cast: Cast) -> Returned:
    """The return report, of a holdout and costs that are invented: the purchases of 2017 know nothing of goodwill."""
    since = Micros(shop.clock() - _WEEKS * 7 * DAY)
    if not shop.planning.plan().holdout.percent:
        people = [shop.known(who.id) for who in (cast.amina, cast.bruno, cast.chiara)]
        # The three that the story follows are not among those left out.
        salts = (f"demo-{n}" for n in count())
        salt = next(salt for salt in salts if all(place(salt, one) * 100 >= _LEFT_OUT for one in people))
        with shop.database.transaction() as connection:
            plan.add(connection, "holdout", "", Holdout(_LEFT_OUT, salt), actor="demo", at=since)
        day = date_of(day_of(shop.clock(), shop.settings.zone) - 21).isoformat()
        for kind, amount in _SPENT:
            shop.costs.add(kind, amount, day=day, programme="goodwill", note="invented for the demo")
    report = shop.report()
    currency = report.currency
    invented = (
        f"Invented for the demo: {_LEFT_OUT} % of the households left out by chance for {_WEEKS} weeks, costs of "
        f"{' and '.join(f'{amount} {currency} ({kind})' for kind, amount in _SPENT)}, a margin of "
        f"{shop.settings.margin} %. The purchases know nothing of goodwill, so no effect is there to be found."
    )
    figures = tuple(
        (one.name, value_of(one, currency), range_of(one, currency), one.grade.name) for one in report.figures
    )
    return Returned(
        invented, report.verdict, report.sentence, report.since, report.until, figures, report.left_out, report.query
    )


# ---- what is kept between two runs ---------------------------------------------------------------------------------


def _begin(shop: Shop, folder: Path, *, full: bool) -> _Begun:
    """The note of when this demo shop was begun, written now if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = _kept(folder / "begun.json", _Begun)
    if begun is None:
        begun = _Begun(shop.clock(), full)
        _keep(folder / "begun.json", begun)
    if begun.full != full:
        which = "all" if begun.full else "801"
        raise Conflict(f"This demo shop was begun with {which} households. Run the demo with --fresh to begin anew.")
    return begun


_Kept = TypeVar("_Kept", bound=msgspec.Struct)
_One = TypeVar("_One", bound=Chapter)


def _kept(file: Path, kind: type[_Kept]) -> _Kept | None:
    return msgspec.json.decode(file.read_bytes(), type=kind) if file.exists() else None


def _keep(file: Path, what: msgspec.Struct) -> None:
    """Written whole or not at all."""
    half = file.with_suffix(".half")
    half.write_bytes(msgspec.json.format(msgspec.json.encode(what)))
    half.replace(file)


def _heard(listen: Listener, chapter: _One) -> _One:
    listen(chapter)
    return chapter
