"""Take an import back as if it had never been made, in the order mark, settle, erase."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection

from goodwill import catalogue, consent, costs
from goodwill.basics.clock import Micros
from goodwill.basics.errors import Conflict
from goodwill.basics.ids import PersonId, Position, ProductId
from goodwill.catalogue import Product, of_ids
from goodwill.catalogue import store as shelves
from goodwill.collect import corrections, store
from goodwill.collect.store import Import
from goodwill.collect.writing import Tell, Tools, nobody_listens
from goodwill.consent import Asked
from goodwill.people import holds, put_back
from goodwill.people import undo as people_undo
from goodwill.people.mentions import products_mentioned
from goodwill.people.profile import Before, Line
from goodwill.protect import Sealed
from goodwill.purposes import Category
from goodwill.storage import Database


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back.

    Attributes:
        events_put_back: those that the import had corrected.
        facts: fields of profiles put back or taken out.
        products: taken out of the catalogue; put back where the import had changed them.
        items: taken out of what models count.
        consents: answers taken back; the ledger keeps both, the answer and that it never counted.
        people: those whom nobody knows any more.
        numbers: how many of these stay as a bare number, because a log that only grows names them.
        held: people who counted in nothing meanwhile; the log of holds says so for ever.
        costs: those that count no more; the ledger keeps both, the cost and that it was taken back.
    """

    id: int
    events: int
    events_put_back: int
    facts: int
    products_removed: int
    products_put_back: int
    items: int
    consents: int
    people: int
    numbers: int
    held: int
    costs: int = 0


def undo(
    database: Database, tools: Tools, import_id: int, *, settle: Callable[[], object], tell: Tell = nobody_listens
) -> Undone:
    """Take back everything that an import brought. It may be interrupted, and then be done again.

    Args:
        settle: lets every kept total catch up; a total can only give back a part that can still be worked out.
        tell: is told, in the transaction that writes them, of the rows by which answers are taken back.

    Raises:
        NotFound: there is no such import.
        Conflict: it was taken back before, brought nothing, or a total did not settle.
    """
    with database.transaction() as connection:
        answers, held = _mark(connection, tools, import_id, tell)
    corrections.settle_if_kept(database, settle)
    with database.transaction() as connection:
        undone, gone = _erase(connection, tools, import_id, answers, held)
    if gone:
        tools.cipher.keys.destroy_all(gone)
    with database.transaction() as connection:
        store.close(connection, import_id, "undone", now=tools.clock())
        store.keep_place(connection, import_id, {})
    corrections.settle_if_kept(database, settle)  # so that those who stay count again
    return undone


_NOTHING = {
    "nothing-new": "Import {} brought nothing new, so there is nothing to take back.",
    "refused": "Import {} was refused, so nothing of it was kept and there is nothing to take back.",
    "undone": "Import {} was taken back before, so there is nothing to take back.",
}


def _mark(connection: Connection, tools: Tools, import_id: int, tell: Tell) -> tuple[int, int]:
    """Hold everybody concerned and take the answers back, and tell how many of each.

    From here on nobody goes on with this import.
    """
    begun = store.get(connection, import_id)
    if begun.state in _NOTHING:
        raise Conflict(_NOTHING[begun.state].format(import_id))
    now = tools.clock()
    positions = _positions(begun)
    people = people_undo.to_hold(connection, _people(connection, import_id))
    holds.hold(connection, people, reason(import_id), now=now)
    if begun.state != "undoing":
        for some in range(0, len(positions), 5_000):
            asked = Asked(how="undo", by=reason(import_id))
            rows = consent.invalidate(connection, positions[some : some + 5_000], asked=asked, now=now)
            if rows:
                tell(connection, rows[0], rows[-1])
        store.close(connection, import_id, "undoing")
    return len(positions), len(people)


def _positions(begun: Import) -> list[Position]:
    return [Position(row) for rows in begun.answers for row in rows]


def _people(connection: Connection, import_id: int) -> set[PersonId]:
    """Everybody of whom something will be taken away or put back."""
    about = people_undo.concerned(connection, import_id, store.undone(connection))
    return {*about, *(was.person for was in _facts(connection, import_id))}


def _erase(
    connection: Connection, tools: Tools, import_id: int, answers: int, held: int
) -> tuple[Undone, list[PersonId]]:
    """Erase, and tell whose keys must follow; they are noted, so that whoever is killed before that can go on."""
    now = tools.clock()
    people = _people(connection, import_id)
    store.hand_down(connection, import_id, "profile")
    facts = put_back(connection, list(_facts(connection, import_id)), import_id=import_id)
    removed = people_undo.remove_import(connection, import_id, now=now, before=store.undone(connection))
    events_put_back = corrections.put_back(connection, import_id)
    for why in (reason(import_id), corrections.reason(import_id)):
        mine = people.union(holds.held_for(connection, why))
        holds.release(connection, mine.difference(removed.people), why, now=now)
    products_put_back = _put_back_products(connection, import_id, now)
    products_removed = _remove_products(connection, import_id, now)
    items = catalogue.remove_unused_items(connection, tools.level)
    spent = costs.undo_import(connection, import_id, at=now, reason=reason(import_id))
    store.forget_before(connection, import_id)
    gone = [*store.get(connection, import_id).place.get("gone", []), *removed.people]
    store.keep_place(connection, import_id, {"gone": gone})
    undone = Undone(
        import_id, removed.events, events_put_back, facts, products_removed, products_put_back, items, answers,
        len(removed.people), removed.numbers, held, spent,
    )  # fmt: skip
    return undone, gone


def reason(import_id: int) -> str:
    """Why the people concerned are held and their answers taken back, as both logs word it."""
    return f"undo of import {import_id}"


def _facts(connection: Connection, import_id: int) -> Iterator[Before]:
    for key, line in store.before(connection, import_id, "profile"):
        yield Before(PersonId(key["person"]), key["field"], _line(line) if line is not None else None)


def _line(line: dict[str, Any]) -> Line:
    sealed = Sealed(line["epoch"], b64decode(line["data"]))
    return Line(Category(line["category"]), sealed, line["changed_at"], line["import_id"])


def _put_back_products(connection: Connection, import_id: int, at: Micros) -> int:
    """Give products the values that they had, except where somebody else has changed them since."""
    changes = [(ProductId(key), change) for key, change in store.before(connection, import_id, "product")]
    now = of_ids(connection, {key for key, _ in changes})
    for key, change in changes:
        if key in now:
            now[key] = _without(now[key], _product(change["became"]), _product(change["was"]))
    shelves.put_back(connection, now, at=at)
    return len(now)


def _without(now: Product, became: Product, was: Product) -> Product:
    values = {}
    for one in fields(Product):
        current, import_said, before = (getattr(product, one.name) for product in (now, became, was))
        values[one.name] = before if current == import_said else current
    return Product(**values)


def _product(values: dict[str, Any]) -> Product:
    return Product(**{**values, "tags": tuple(values["tags"]) if values["tags"] is not None else None})


def _remove_products(connection: Connection, import_id: int, at: Micros) -> int:
    """Take out the products that the import brought, except those that somebody bought by another way.

    Those go with the last import that sold them, once the one that brought them is undone.
    """
    mine = shelves.added_by(connection, [import_id, *store.undone(connection)])
    unused = set(mine) - products_mentioned(connection, mine)
    shelves.remove(connection, unused, at=at)
    return len(unused)
