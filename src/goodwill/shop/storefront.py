"""What the shop's own web pages ask and tell: the notice, a browser's answer, what to show in a slot.

Anybody can read a page and the key on it. So these questions are about a browser, or about a customer whom the shop's
own server has signed; about anybody else who has a name here they change nothing for the more, and tell nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goodwill import people
from goodwill.basics.clock import day_of
from goodwill.basics.errors import BadInput, LeftAlone
from goodwill.basics.ids import PersonId
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect.live import store
from goodwill.collect.live.store import Came
from goodwill.consent.duties import duties_of
from goodwill.consent.notices import Shown
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.people.rectify import kinds_of
from goodwill.purposes import Purpose, Regime
from goodwill.shop.collecting import is_signed
from goodwill.shop.who import Who

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

WAYS: Final = ("accept", "refuse", "choose", "dismiss", "preferences", "signal")
_NAMELESS: Final = frozenset({"anonymous_id"})
_FOR_EVER: Final = 3650  # days


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose browser asks, as the page tells it.

    Attributes:
        device: a random word that the browser made up; None before the first yes.
        user: the shop's own id of a customer; it counts only with the signature of the shop's own server.
    """

    device: str | None = None
    user: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What a page shows before anything else.

    Attributes:
        after_no, after_yes, after_signal: for how many days nobody is asked again.
    """

    shown: Shown
    after_no: int
    after_yes: int
    after_signal: int


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a slot shows, and what the catalogue says of each product."""

    decision: Decision
    products: Mapping[str, Product]


@dataclass(frozen=True)
class Storefront:
    """One shop, as its own pages see it."""

    shop: "Shop"

    def asking(self, language: str, region: str) -> Asking | None:
        """The banner to show, and how long the answer holds; None where a page has nothing to ask."""
        shown = self.shop.notices.on_pages(language, region)
        if shown is None:
            return None
        duties = duties_of(self._law(region))
        register = self.shop.register
        ends = [register[offer.purpose].consent_days for offer in shown.purposes if offer.purpose in register]
        after_yes = min((days for days in ends if days is not None), default=_FOR_EVER)
        return Asking(shown, duties.reask_days, max(after_yes, 1), duties.signal_reask_days)

    def answer(
        self,
        visitor: Visitor,
        answers: Mapping[tuple[str, str], bool],
        *,
        how: str,
        key: str = "",
        token: str | None = None,
        signal: bool = False,
        region: str = "",
    ) -> tuple[Purpose, ...]:
        """Write down what a browser answers; gives what its privacy signal turned off, where that may be told.

        A no to all of somebody unknown changes nothing, so nobody becomes known by it: it is counted, and that is all.

        Raises:
            BadInput: a yes without the token of what was shown, or to what is asked by letter.
            BadSnapshot: a yes whose token does not hold.
        """
        self._check(answers, token)
        self._count(key, how)
        who = self._who(visitor)
        if who is None:
            return ()
        person = self.shop.find(who)
        if person is None and not any(answers.values()):
            return ()
        unsure = self._is_unsure(who, person)
        meant = {pair: yes for pair, yes in answers.items() if not (yes and unsure) and (yes or self._is_asked(*pair))}
        law = self._law(region)
        if meant:
            by = f"key {key}" if key else None
            try:
                self.shop.notices.answer(who, meant, token=token, how=f"banner {how}", by=by, signal=signal, regime=law)
            except LeftAlone:
                return ()  # whoever it is stays alone, and the page learns nothing of it
        elif signal:
            done = self.shop.notices.signal(who, how="script", regime=law, known=True)
            return () if unsure else done.objected
        return ()

    def suggest(
        self,
        visitor: Visitor,
        slot: str,
        count: int,
        *,
        basket: Sequence[str] = (),
        viewing: Sequence[str] = (),
        signal: bool = False,
        region: str = "",
        language: str = "",
    ) -> Suggested:
        """Choose for a browser, or for a customer who is signed; for anybody else, what everyone gets."""
        who = self._who(visitor)
        if who is not None and signal:
            self.shop.notices.signal(who, how="header", known=True)
        if who is not None and self._is_unsure(who, self.shop.find(who)):
            who = None
        context = Context(tuple(basket), tuple(viewing), region=region, language=language)
        decision = self.shop.decide(who, slot, count, context)
        with self.shop.database.reading() as connection:
            return Suggested(decision, catalogue.named(connection, [one.product for one in decision.items]))

    # ---- who, and what of it -----------------------------------------------------------------------------------------

    def _who(self, visitor: Visitor) -> Who | None:
        if visitor.user and visitor.signature and is_signed(self.shop, visitor.user, visitor.signature):
            return Who(user_id=visitor.user)
        return Who(anonymous_id=visitor.device) if visitor.device else None

    def _is_unsure(self, who: Who, person: PersonId | None) -> bool:
        """Whether a browser is known to be somebody's with a name, and nobody vouches that it is her who uses it."""
        if who.user_id is not None or person is None:
            return False
        with self.shop.database.reading() as connection:
            numbers = people.merge.numbers(connection, person)
            return any(not kinds_of(connection, number) <= _NAMELESS for number in numbers)

    def _law(self, region: str) -> Regime:
        return self.shop.regimes.of(region or self.shop.settings.place)

    def _check(self, answers: Mapping[tuple[str, str], bool], token: str | None) -> None:
        allowed = {purpose for (purpose, _), yes in answers.items() if yes}
        if allowed and token is None:
            raise BadInput("A yes is proven by what was shown: send the notice's snapshot with it.")
        register = self.shop.register
        for purpose in sorted(allowed):
            if register[purpose].goes_by_mail:
                raise BadInput(
                    f"'{purpose}' is asked where an address is given, and confirmed by letter; not on a page."
                )

    def _is_asked(self, purpose: str, category: str) -> bool:
        """Whether a no to it can be written down; a no to what nobody does is kept without it."""
        register = self.shop.register
        return (
            purpose in register and register[purpose] in register.asked() and category in register[purpose].categories
        )

    def _count(self, key: str, how: str) -> None:
        """How often a banner is answered in which way; never by whom."""
        now = self.shop.clock()
        with self.shop.database.transaction() as connection:
            day = day_of(now, self.shop.settings.zone)
            store.note(connection, Came(key, f"banner: {how}", ""), day=day, now=now)
