"""A world straight into a shop's database, by the rooms that keep people, answers and events: no file is read.

What is written is what the importer would have written of the files, but for addresses; so both can be mixed, and the
same order is known again.
"""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.clock import SECOND, Micros, day_of
from goodwill.basics.ids import PersonId, hash64
from goodwill.collect.keys import mixed, order_keys, reference
from goodwill.collect.writing import Tools
from goodwill.consent import Asked, Said, State
from goodwill.consent.repeats import news
from goodwill.people.log import EventColumns
from goodwill.people.types import ORDERED, event_type
from goodwill.simulate.consents import GIVEN, Word
from goodwill.simulate.world.files import currencies, names, order_name, words
from goodwill.simulate.world.knobs import CHANNELS
from goodwill.simulate.world.noise import Bools, Ints
from goodwill.simulate.world.records import Orders, Touches, orders, touches
from goodwill.simulate.world.weeks import World
from goodwill.storage import Database

_HOUR = 3600 * SECOND
_ASKED = Asked(how="invented", notice="demo")
_EVENTS = (event_type("sent"), event_type("shown"), event_type("shown"))  # as each of `CHANNELS` is written down


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written, and how many records were there before: those that come twice are counted here."""

    people: int
    answers: int
    orders: int
    touches: int
    repeated: int


def fill(database: Database, tools: Tools, world: World, *, arrived_by: Micros | None = None) -> Filled:
    """Write a world into a migrated database: people, their answers, orders, and the messages to who said yes.

    Whom the shop may not keep messages of, because they did not allow it, it has none of.

    Args:
        arrived_by: leave out order records that come later than this; None for all.
    """
    made, seen = orders(world), touches(world)
    now = tools.clock()
    with database.transaction() as connection:
        known = people.identify_many(connection, tools.cipher, "user_id", names(world), now=now)
        persons = np.array([known[name] for name in names(world)], dtype=np.int64)
        answers = _answer(connection, tools, world, dict(known), now)
        ordered = people.log.append(connection, _ordered(world, _arrived(made, arrived_by), persons, tools))
        sent = people.log.append(connection, _sent(world, _allowed(world, seen), persons, tools))
    return Filled(persons.size, answers, ordered.kept, sent.kept, ordered.repeated + sent.repeated)


def _answer(connection: Connection, tools: Tools, world: World, known: dict[str, PersonId], now: Micros) -> int:
    """Write down what people said that the ledger does not know yet, and tell how many lines that took."""
    said = [_said(word, known[word.person], tools) for word in words(world, tools.register)]
    fresh = [word for word in news(connection, said, now=now) if word is not None]
    return len(consent.append(connection, fresh, now=now))


def _said(word: Word, person: PersonId, tools: Tools) -> Said:
    yes = word.state == GIVEN
    until = consent.ends(tools.register[word.purpose], word.at) if yes else None
    return Said(person, word.purpose, word.category, State.GIVEN if yes else State.REFUSED, word.at, _ASKED, until)


def _arrived(made: Orders, by: Micros | None) -> Orders:
    return made if by is None else _some(made, made.arrived <= by)


def _some(made: Orders, which: Bools) -> Orders:
    return Orders(*(getattr(made, name)[which] for name in Orders.__dataclass_fields__))


def _ordered(world: World, made: Orders, persons: Ints, tools: Tools) -> EventColumns:
    references = np.array([reference(tools.source, order_name(number)) for number in made.number.tolist()], np.int64)
    return EventColumns(
        person=persons[made.person],
        type=np.full(len(made), ORDERED, np.int64),
        at=made.at,
        day=_days(made.at, tools),
        key=order_keys(references),
        amount=made.amount,
        currency=currencies(world, made),
        reference=references,
    )


def _allowed(world: World, seen: Touches) -> Touches:
    """Of those who said yes, from the question on."""
    which = world.consent[seen.person] & (seen.week >= world.crowd.entry[seen.person])
    return Touches(seen.person[which], seen.week[which], seen.channel[which], seen.at[which])


def _sent(world: World, seen: Touches, persons: Ints, tools: Tools) -> EventColumns:
    kinds, details = np.array([kind.code for kind in _EVENTS]), [f'{{"channel":"{name}"}}' for name in CHANNELS]
    return EventColumns(
        person=persons[seen.person],
        type=kinds[seen.channel],
        at=seen.at,
        day=_days(seen.at, tools),
        key=_touch_keys(world, seen),
        detail=[details[channel] for channel in seen.channel.tolist()],
    )


def _touch_keys(world: World, seen: Touches) -> Ints:
    """By person, week and channel of this world: there is one such message at most."""
    start = hash64("simulated touch", world.crowd.seed)
    cell = (seen.person * world.knobs.weeks + seen.week) * len(CHANNELS) + seen.channel
    return mixed(cell, np.full(len(seen), start, np.int64))


def _days(at: Ints, tools: Tools) -> Ints:
    """The shop's calendar days of some moments; offsets change on the hour, if at all."""
    hours, where = np.unique(at // _HOUR, return_inverse=True)
    days = np.array([day_of(hour * _HOUR, tools.zone) for hour in hours.tolist()], dtype=np.int64)
    return days[where]
