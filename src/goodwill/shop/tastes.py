"""One question for whoever has bought nothing yet: what would you like to see? Her answer is hers to change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from sqlalchemy import Connection

from goodwill import people
from goodwill.access import Door, View
from goodwill.access.rows import as_of_now
from goodwill.basics.clock import day_of
from goodwill.basics.errors import BadInput, NoConsent, NotFound, Refused
from goodwill.basics.ids import PersonId
from goodwill.consent import allowed_categories
from goodwill.decide.choose import Choosing, Rules
from goodwill.decide.experiments import is_held_out
from goodwill.decide.situation import PREFERENCES, SWITCHED_OFF
from goodwill.decide.taste import may_be_named
from goodwill.people.gentle import Word
from goodwill.people.taste import Taste
from goodwill.people.types import BOUGHT
from goodwill.purposes import RECOMMENDATIONS
from goodwill.shop.who import Who
from goodwill.storage import AsOf
from goodwill.storage.engine import EVENTS, PEOPLE, one_at_a_time
from goodwill.storage.kept import Read, note_reads

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

ANSWERED, BOUGHT_ALREADY, NOTHING_TO_ASK = "answered", "bought", "nothing-to-ask"
NOT_HERS: Final = "no-preferences"
# Why nothing ever comes of an answer, so that none is asked for and none is kept; the former says of nobody that she is
# under age to whoever holds a key.
NEVER_CHOSEN, HELD_OUT = "contextual-only", "holdout"
_NOT_KEPT: Final = {
    NEVER_CHOSEN: "Nothing is ever chosen from their data, as of everybody under age; so nothing is kept of what they "
    "like.",
    HELD_OUT: "They are among those who get what everyone gets (goodwill experiment holdout), and nothing would come "
    "of an answer; so none is kept.",
}


@dataclass(frozen=True, slots=True)
class TasteQuestion:
    """The question as it stands for one person.

    Attributes:
        ask: whether to ask her now. She may answer at any time as long as `may_answer`.
        reason: why not: answered · bought · nothing-to-ask (the shop knows too little yet) · switched-off (an answer is
            kept, and counts when she switches it on again) · contextual-only (nothing is ever chosen from her data, as
            of whoever is under age) · holdout (she gets what everyone gets; of both no answer is kept) ·
            no-preferences (she does not allow that what she told is looked at) · or why she allows no suggestions.
        choices: the kinds of things that she can name.
        answer: hers; None where she gave none.
    """

    ask: bool
    reason: str
    choices: tuple[str, ...] = ()
    answer: Taste | None = None

    @property
    def may_answer(self) -> bool:
        """Whether she may answer now, for the first time or anew."""
        return bool(self.choices) and self.reason in ("", ANSWERED, BOUGHT_ALREADY, SWITCHED_OFF)

    @property
    def is_kept_from(self) -> bool:
        """Whether nothing would ever come of an answer, so that none is kept."""
        return self.reason in _NOT_KEPT

    @property
    def waits(self) -> bool:
        """Whether an answer counts only when she lets things be chosen from her data again."""
        return self.reason == SWITCHED_OFF


_NOBODYS: Final = TasteQuestion(ask=False, reason="unknown-person")


@dataclass(frozen=True)
class Tastes:
    """What the customers of one shop said they like."""

    shop: "Shop"
    choosing: Choosing
    rules: Rules

    def question(self, who: Who | str) -> TasteQuestion:
        """What to ask somebody, and whether to. Of whoever does not allow it nothing is read or kept."""
        self._look_at_shelf()
        with self.shop.at_the_door() as door:
            person = self.shop.find_in(door.connection, who)
            try:
                return _NOBODYS if person is None else self._question(door, _view(door, person))
            except NoConsent as no:
                return TasteQuestion(ask=False, reason=no.reason)

    def hers(self, person: PersonId) -> TasteQuestion:
        """The question on her own page, where she may answer at any time; her answer is there whatever she allows."""
        self._look_at_shelf()
        reads = list[Read]()  # of totals that settled meanwhile; a page that is looked at holds up nobody who writes
        with self.shop.database.reading() as connection:
            door = replace(self.shop.door_in(connection), later=reads)
            words, at = people.gentle.words_of(door.connection, [person], resting=())[person], door.clock()
            answer, barred = people.taste.taste_by(words), self._barred(door.connection, person, words)
            choices = () if barred else self._choices(door, as_of_now(door.connection, at), answer)
            off = people.gentle.gentle_by(words, at=at).impersonal
            entry, day = door.register[RECOMMENDATIONS], day_of(at, door.zone)
            allowed = allowed_categories(door.connection, person, entry, at=at, day=day)
        if reads:
            with self.shop.database.transaction() as connection:
                note_reads(connection, reads)
        reasons = (
            (NOT_HERS, PREFERENCES not in allowed), (barred, bool(barred)), (SWITCHED_OFF, off),
            (NOTHING_TO_ASK, not choices),
        )  # fmt: skip
        reason = _first(reasons)
        return TasteQuestion(not reason and answer is None, reason, choices, answer)

    def tell(self, who: Who | str, kinds: Sequence[str]) -> TasteQuestion:
        """Write down what somebody likes, by the kinds that she was offered; none: she has no preference.

        What she said last and what counts in full still is not written down again.

        Raises:
            NotFound: nobody of that name is known.
            NoConsent: she does not allow suggestions from what she told; nothing is kept.
            Refused: nothing would ever come of it: she is under age, or held out; nothing is kept.
            BadInput: this is none of the choices.
        """
        person = self.shop.known(who)
        asked, view = self._may_answer(person)
        if unknown := [kind for kind in kinds if kind not in asked.choices]:
            raise BadInput(
                f"'{unknown[0][:60]}' is none of the choices. Choose among: {', '.join(asked.choices)}; "
                "or none of them, for no preference."
            )
        chosen = [kind for kind in asked.choices if kind in kinds]
        if _says_so_already(asked.answer, chosen, view):
            return asked
        with self.shop.change("taste.tell", about=person) as change:
            hers = self._locked(change.connection, person)
            change.entry.person = hers
            _view(self.shop.door_in(change.connection), hers)  # she may have said no a moment ago
            words = people.gentle.words_of(change.connection, [hers], resting=())[hers]
            _refuse(self._barred(change.connection, hers, words))
            now = self.shop.clock()
            day = day_of(now, self.shop.settings.zone)
            people.taste.tell(change.connection, hers, chosen, at=now, day=day)
        return self.question(Who(id=person))

    def take_away(self, who: Who | str) -> bool:
        """Delete somebody's answers, whatever she allows; tells whether there was one.

        Raises:
            NotFound: nobody of that name is known.
        """
        person = self.shop.known(who)
        with self.shop.change("taste.take-away", about=person) as change:
            hers = self._locked(change.connection, person)
            change.entry.person = hers
            return people.taste.take_away(change.connection, hers) > 0

    def drop(self, connection: Connection, hers: PersonId, kind: str) -> None:
        """Take one kind out of her answer, with people locked; all of it where none is left or no more may be kept."""
        words = people.gentle.words_of(connection, [hers], resting=())[hers]
        answer = people.taste.taste_by(words)
        if answer is None or kind not in answer.kinds:
            return
        left, now = [one for one in answer.kinds if one != kind], self.shop.clock()
        if left and self._may_be_kept(connection, hers, words):
            day = day_of(now, self.shop.settings.zone)
            people.taste.tell(connection, hers, left, at=now, day=day)
        else:
            people.taste.take_away(connection, hers)

    def _may_be_kept(self, connection: Connection, hers: PersonId, words: Sequence[Word]) -> bool:
        """Whether she allows that what she told is looked at, and something may come of it."""
        try:
            _view(self.shop.door_in(connection), hers)
        except NoConsent:
            return False
        return not self._barred(connection, hers, words)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _look_at_shelf(self) -> None:
        """The first look numbers the catalogue's items, and so writes."""
        if not self.choosing.is_ready:
            self.shop.shelf()

    def _may_answer(self, person: PersonId) -> tuple[TasteQuestion, View]:
        """The question, for whoever may answer it, and what was seen of her.

        Raises NoConsent, Refused, BadInput: she may not, and nothing is entered.
        """
        self._look_at_shelf()
        with self.shop.at_the_door() as door:
            view = _view(door, person)
            found = self._question(door, view)
        _refuse(found.reason)
        if not found.choices:
            raise BadInput(
                "There is nothing to choose from yet: what people buy here does not tell kinds of things apart. Import "
                "orders and products with their categories, then run: goodwill learn"
            )
        return found, view

    def _question(self, door: Door, view: View) -> TasteQuestion:
        found = people.gentle.words_of(door.connection, [view.person], resting=(), upto=view.as_of.events)
        words = found[view.person]
        answer = people.taste.taste_by(words)
        if barred := self._barred(door.connection, view.person, words):
            return TasteQuestion(ask=False, reason=barred, answer=answer)
        choices = self._choices(door, view.as_of, answer)
        reasons = (
            (SWITCHED_OFF, people.gentle.gentle_by(words, at=door.clock()).impersonal),
            (NOTHING_TO_ASK, not choices),
            (ANSWERED, answer is not None),
            (BOUGHT_ALREADY, bool(np.any(view.events.type == BOUGHT))),
        )
        reason = _first(reasons)
        return TasteQuestion(not reason, reason, choices, answer)

    def _barred(self, connection: Connection, person: PersonId, words: Sequence[Word]) -> str:
        """Why nothing would ever come of an answer of hers; "" where something may."""
        if people.gentle.is_under_age(words):
            return NEVER_CHOSEN
        return HELD_OUT if is_held_out(self.choosing.plan(connection).holdout, person) else ""

    def _choices(self, door: Door, as_of: AsOf, answer: Taste | None) -> tuple[str, ...]:
        """The kinds that tell people apart, and those that she named before and may still name.

        None while the ledger may not be believed: what was learned may hold people whose "no" it has lost.
        """
        if not door.trusts(as_of.consent):
            return ()
        shelf = self.choosing.ready(door.connection, self.rules)
        models = self.shop.library.ready(door, shelf, as_of)
        asked = self.choosing.kinds_to_ask(models, shelf)
        named = answer.kinds if answer is not None and asked else ()
        telling = self.choosing.telling(models, shelf)
        also = [kind for kind in named if kind not in asked and may_be_named(shelf, telling, kind)]
        return (*asked, *also)

    def _locked(self, connection: Connection, person: PersonId) -> PersonId:
        """The number that is hers by now, with nobody else writing about people."""
        for lock in (PEOPLE, EVENTS):
            one_at_a_time(connection, lock)
        hers = people.merge.survivor(connection, person)
        if hers is None:
            raise NotFound("This person was erased a moment ago.")
        return hers


def _first(reasons: Iterable[tuple[str, bool]]) -> str:
    return next((word for word, is_so in reasons if is_so), "")


def _says_so_already(answer: Taste | None, chosen: Sequence[str], view: View) -> bool:
    """Whether her latest answer is this one, and counts in full: she has bought nothing since."""
    if answer is None or set(answer.kinds) != set(chosen):
        return False
    return not np.any((view.events.type == BOUGHT) & (view.events.at > answer.at))


def _refuse(reason: str) -> None:
    """Refuse an answer of which nothing would ever come."""
    if reason in _NOT_KEPT:
        raise Refused(_NOT_KEPT[reason])


def _view(door: Door, person: PersonId) -> View:
    """What suggestions may see of her. Raises NoConsent: not what she told, or nothing at all."""
    view = door.one(person, purpose=RECOMMENDATIONS)
    if PREFERENCES not in view.used:
        raise NoConsent(RECOMMENDATIONS, NOT_HERS)
    return view
