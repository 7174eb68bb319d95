"""What the shop decides about choosing: its slots, its experiments, what may run at all, and whom to treat gently.

Until a review board has its say, whoever owns the shop approves; every word of it stands in the audit log and in the
plan's own journal.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import date_of, day_of
from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.basics.ids import PersonId
from goodwill.catalogue import store as catalogue
from goodwill.decide import store
from goodwill.decide.experiments import Assigned, assign
from goodwill.decide.plan import (
    MODELS,
    NAME,
    Arm,
    Content,
    Experiment,
    Gate,
    Holdout,
    Offer,
    Plan,
    Rewards,
    Row,
    Slot,
    State,
    Status,
    plan_of,
)
from goodwill.decide.segments import store as segments
from goodwill.people.gentle import Care
from goodwill.purposes import OFFERS
from goodwill.shop.who import Who
from goodwill.staff.roles import Act
from goodwill.storage.engine import EVENTS, PEOPLE, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

_STARTER: Final = "opening the shop"
_NAME: Final = re.compile(NAME)
_SALT: Final = 8  # random bytes


@dataclass(frozen=True)
class Planning:
    """The plan of one shop."""

    shop: "Shop"

    def plan(self) -> Plan:
        """What counts now."""
        with self.shop.database.reading() as connection:
            return plan_of(store.rows(connection))

    def journal(self) -> list[Row]:
        """Everything that was ever decided, oldest first."""
        with self.shop.database.reading() as connection:
            return store.rows(connection)

    def keep_starters(self) -> None:
        """Approve the models that come with goodwill, once, when a shop is first opened with them."""
        known = self.plan().gates
        missing = [name for name in MODELS if name not in known]
        if not missing:
            return
        with self.shop.database.transaction() as connection:
            known = self._plan(connection).gates
            gate, at = Gate(Status.APPROVED, "comes with goodwill"), self.shop.clock()
            for name in [name for name in missing if name not in known]:
                store.add(connection, "gate", name, gate, actor=_STARTER, at=at)

    # ---- what may run ----------------------------------------------------------------------------------------------

    def approve(self, name: str, reason: str = "") -> Gate:
        """Let a model or an initiative choose.

        Raises:
            NotFound: there is none of that name.
        """
        return self._gate(name, Gate(Status.APPROVED, reason))

    def suspend(self, name: str, reason: str = "") -> Gate:
        """Let a model or an initiative choose no more; from the next decision on.

        Raises:
            NotFound: there is none of that name.
        """
        return self._gate(name, Gate(Status.SUSPENDED, reason))

    def _gate(self, name: str, gate: Gate) -> Gate:
        with self.shop.change(f"plan.{'approve' if gate.status is Status.APPROVED else 'suspend'}") as change:
            self.shop.staff.demand(Act.APPROVE)
            change.entry.detail["of"] = name
            plan = self._plan(change.connection)
            if name not in gated(plan):
                raise NotFound(f"There is no model or initiative '{name}'. There are: {', '.join(gated(plan))}.")
            self._write(change, "gate", name, gate)
            return gate

    # ---- slots -----------------------------------------------------------------------------------------------------

    def set_slot(self, name: str, slot: Slot) -> Slot:
        """Describe a slot.

        Raises:
            BadInput: a value does not fit; the message names it.
        """
        with self.shop.change("slot.set") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["slot"] = name
            self._write(change, "slot", checked_name(name), checked(slot))
            return slot

    def remove_slot(self, name: str) -> None:
        """Make a slot an ordinary one again.

        Raises:
            NotFound: nobody described it.
        """
        with self.shop.change("slot.remove") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["slot"] = name
            if name not in self._plan(change.connection).slots:
                raise NotFound(f"Nobody described a slot '{name}'. See: goodwill slot list")
            self._write(change, "slot", name, None)

    # ---- experiments -----------------------------------------------------------------------------------------------

    def hold_out(self, percent: int) -> Holdout:
        """Give some percent of all people what everyone gets, for good: the yardstick for whatever else is tried.

        The same people stay in it; a larger share adds to them.
        """
        with self.shop.change("holdout.set") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["percent"] = percent
            salt = self._plan(change.connection).holdout.salt or _salt()
            holdout: Holdout = checked(Holdout(percent, salt))
            self._write(change, "holdout", "", holdout)
            return holdout

    def new_experiment(
        self, name: str, question: str, arms: Sequence[Arm], *, slots: Sequence[str] = (), holdout: int = 0
    ) -> Experiment:
        """Describe an experiment; it begins when it was approved and started.

        Raises:
            Conflict: there is one of that name.
            BadInput: a value does not fit.
        """
        made = Experiment(question, tuple(arms), _salt(), tuple(slots), holdout).checked()
        with self.shop.change("experiment.new") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["experiment"] = name
            if name in self._plan(change.connection).experiments:
                raise Conflict(
                    f"There is an experiment '{name}' already. An experiment is never changed: name another."
                )
            self._write(change, "experiment", checked_name(name), checked(made))
            return made

    def start(self, name: str) -> Experiment:
        """Begin an experiment.

        Raises:
            NotFound: there is none.
            Refused: it was not approved.
            Conflict: it began before, or another runs in its place.
        """
        with self.shop.change("experiment.start") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["experiment"] = name
            plan = self._plan(change.connection)
            found = plan.experiment(name)
            if found.state is not State.DRAFT:
                raise Conflict(f"Experiment '{name}' is {found.state.value}. Name another for another try.")
            if not plan.may(f"experiment-{name}"):
                raise Refused(f"Nobody approved 'experiment-{name}'. Do: goodwill govern approve experiment-{name}")
            plan.can_start(name)
            return self._moved(change, name, found, State.RUNNING)

    def stop(self, name: str) -> Experiment:
        """End an experiment; everybody gets what they get without it from the next decision on.

        Raises:
            NotFound: there is none. Conflict: it does not run.
        """
        with self.shop.change("experiment.stop") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["experiment"] = name
            found = self._plan(change.connection).experiment(name)
            if found.state is not State.RUNNING:
                raise Conflict(f"Experiment '{name}' does not run; it is {found.state.value}.")
            return self._moved(change, name, found, State.STOPPED)

    def assigned(self, who: Who | str, slot: str) -> Assigned:
        """The arm of somebody in a slot.

        Raises:
            NotFound: nobody of that name is known.
        """
        return assign(self.plan(), slot, self.shop.known(who))

    def _moved(self, change: "Change", name: str, experiment: Experiment, state: State) -> Experiment:
        moved = msgspec.structs.replace(experiment, state=state)
        self._write(change, "experiment", name, moved)
        return moved

    # ---- content and offers ----------------------------------------------------------------------------------------

    def add_content(self, name: str, content: Content) -> Content:
        """Let a text or a picture stand in a slot; one of the same name is replaced.

        Raises:
            Conflict: somebody described the slot as one for something else.
            BadInput: a value does not fit.
        """
        with self.shop.change("content.add") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail |= {"content": name, "slot": content.slot}
            made: Content = checked(content.checked())
            self._check_words(change.connection, made.about)
            described = self._plan(change.connection).slots.get(made.slot)
            if described is not None and described.kind != "content":
                raise Conflict(
                    f"Slot '{made.slot}' is not for content. Do: goodwill slot set {made.slot} --kind content --count 1"
                )
            self._write(change, "content", checked_name(name), made)
            return made

    def remove_content(self, name: str) -> None:
        """Let a content stand nowhere any more.

        Raises:
            NotFound: there is none of that name.
        """
        with self.shop.change("content.remove") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["content"] = name
            if name not in self._plan(change.connection).content:
                raise NotFound(f"There is no content '{name}'. See: goodwill slot content list")
            self._write(change, "content", name, None)

    def new_offer(self, name: str, offer: Offer) -> Offer:
        """Describe an offer; it is given when it was approved and started, and is never changed.

        Raises:
            Conflict: there is one of that name.
            BadInput: a value does not fit.
        """
        with self.shop.change("offer.new") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["offer"] = name
            made: Offer = checked(msgspec.structs.replace(offer, state=State.DRAFT).checked())
            self._check_names(change.connection, made)
            if name in self._plan(change.connection).offers:
                raise Conflict(f"There is an offer '{name}' already. What was promised is never changed: name another.")
            if made.code and (other := _by_code(self._plan(change.connection), made.code)):
                raise Conflict(f"The code {made.code} is that of the offer '{other}'. Choose another.")
            self._write(change, "offer", checked_name(name), made)
            return made

    def start_offer(self, name: str) -> Offer:
        """Give an offer from the next decision on.

        Raises:
            NotFound: there is none.
            Refused: it was not approved.
            Conflict: it is given already, or the segment that it is for was removed.
        """
        with self.shop.change("offer.start") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["offer"] = name
            segments.lock(change.connection)  # so that nobody removes its segment meanwhile
            plan = self._plan(change.connection)
            found = plan.offer(name)
            if found.state is State.RUNNING:
                raise Conflict(f"Offer '{name}' is given already.")
            if not plan.may(f"offer-{name}"):
                raise Refused(f"Nobody approved 'offer-{name}'. Do: goodwill govern approve offer-{name}")
            if found.segment and not any(
                same_name(found.segment, one.name) for one in segments.newest(change.connection)
            ):
                raise Conflict(
                    f"The segment '{found.segment}' that the offer '{name}' is for was removed, so nobody can tell for "
                    "whom it is. Make one of that name: goodwill segment new"
                )
            return self._moved_offer(change, name, found, State.RUNNING)

    def stop_offer(self, name: str) -> Offer:
        """Give an offer to nobody any more.

        Raises:
            NotFound: there is none. Conflict: it is not given.
        """
        with self.shop.change("offer.stop") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["offer"] = name
            found = self._plan(change.connection).offer(name)
            if found.state is not State.RUNNING:
                raise Conflict(f"Offer '{name}' is not given; it is {found.state.value}.")
            return self._moved_offer(change, name, found, State.STOPPED)

    def _moved_offer(self, change: "Change", name: str, offer: Offer, state: State) -> Offer:
        moved = msgspec.structs.replace(offer, state=state)
        self._write(change, "offer", name, moved)
        return moved

    def set_aside(self) -> dict[str, int]:
        """How much of each offer's budget is set aside, in minor units."""
        with self.shop.database.reading() as connection:
            return store.spent(connection, today=self._today)

    def claim(self, code: str) -> tuple[str, Offer]:
        """Note that somebody gets an offer by its code, and tell which; nothing of anybody is read or kept.

        Whoever stands at the till looks whether she meets the rule, as far as the rule can be looked at there, or takes
        her word. What it costs is taken of the offer's budget for good.

        Raises:
            NotFound: no offer has this code. Conflict: it is not given now, or nothing is left of its budget.
        """
        with self.shop.change("offer.claim") as change:
            plan = self._plan(change.connection)
            name, found = _offer_of(plan, code)
            change.entry.detail["offer"] = name
            if not (plan.may(f"offer-{name}") and found.is_on(date_of(self._today).isoformat())):
                raise Conflict(f"The offer '{name}' is not given now.")
            if found.segment and self.shop.segments.is_discreet(change.connection, found.segment):
                raise Conflict(
                    f"The offer '{name}' is not given now: its segment '{found.segment}' names what this shop keeps "
                    "discreet (the setting 'sensitive')."
                )
            if found.budget is not None and not store.spend(
                change.connection, name, found.cost, found.budget, today=self._today
            ):
                raise Conflict(f"Nothing is left of the budget of the offer '{name}'.")
            return name, found

    def take_back_claim(self, code: str) -> tuple[str, Offer]:
        """Undo one claim by a code, where the rule did not fit after all: its cost goes back to the offer's budget.

        What is promised to others stays promised. Whose claim it was nobody knows, here as in `claim`.

        Raises:
            NotFound: no offer has this code. Conflict: nothing that a claim took is left in its budget.
        """
        with self.shop.change("offer.unclaim") as change:
            name, found = _offer_of(self._plan(change.connection), code)
            change.entry.detail["offer"] = name
            if found.budget is not None and not store.unspend(change.connection, name, found.cost, today=self._today):
                raise Conflict(f"No claim of the offer '{name}' is left to be undone.")
            return name, found

    def give_back(self, name: str, amount: int) -> int:
        """Give back to an offer's budget what was promised and not asked for; tells what is still set aside.

        A claim is undone by `take_back_claim`, which leaves what is promised to others alone.

        Raises:
            NotFound: there is no such offer. BadInput: so much was never set aside.
        """
        with self.shop.change("offer.give-back") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail |= {"offer": name, "amount": amount}
            self._plan(change.connection).offer(name)
            if amount < 1 or not store.give_back(change.connection, name, amount, today=self._today):
                raise BadInput(f"Give back 1 to what is set aside for '{name}', in cents; not {amount}.")
            return store.spent(change.connection, today=self._today)[name]

    def set_rewards(self, slot: str, rewards: Rewards) -> Rewards:
        """Say what counts as success of what is shown in a slot; what was learned is weighed anew.

        Raises:
            Conflict: the slot is for products. BadInput: a value does not fit.
        """
        with self.shop.change("slot.rewards") as change:
            self.shop.staff.demand(Act.PLAN)
            change.entry.detail["slot"] = slot
            made: Rewards = checked(rewards)
            if self._plan(change.connection).slot(slot).kind == "products":
                raise Conflict(f"Slot '{slot}' is for products, which are not chosen by rewards.")
            self._write(change, "rewards", checked_name(slot), made)
            return made

    def _check_names(self, connection: Connection, offer: Offer) -> None:
        """See that an offer names nothing that is not there: nobody could ever get it."""
        self._check_words(connection, offer.about)
        named = [one.name for one in self.shop.segments.all() if one.purpose == OFFERS]
        if offer.segment and not any(same_name(offer.segment, name) for name in named):
            raise BadInput(
                f"There is no segment '{offer.segment}' for the purpose 'offers'.{_did_you_mean(offer.segment, named)} "
                "See: goodwill segment list"
            )
        for slot in offer.slots:
            described = self._plan(connection).slots.get(slot)
            if described is not None and described.kind != "offers":
                raise BadInput(f"Slot '{slot}' is for {described.kind}, not for offers. See: goodwill slot list")

    @staticmethod
    def _check_words(connection: Connection, words: Sequence[str]) -> None:
        """See that the catalogue knows some kinds and products; while it is empty, nobody can tell."""
        known = catalogue.named_by(connection, sorted(words))
        unknown = next((word for word in words if word not in known), None)
        if unknown is None or not catalogue.names(connection):
            return
        hint = _did_you_mean(unknown, catalogue.names(connection))
        raise BadInput(f"The catalogue knows no product and no kind called '{unknown}'.{hint}")

    # ---- gentleness ------------------------------------------------------------------------------------------------

    def care(self, who: Who | str, why: str, *, over: bool = False) -> None:
        """Note that somebody is to be treated with care, for 90 days; or that this is over.

        Raises:
            NotFound: nobody of that name is known. BadInput: this is no reason.
        """
        if why not in set(Care):
            raise BadInput(f"Say one of: {', '.join(Care)}.")
        person = self.shop.known(who)
        with self.shop.change("person.care", about=person) as change:
            self.shop.staff.demand(Act.WRITE_CONSENT)
            self._gently(change, lambda who, at, day: people.gentle.note_care(
                change.connection, who, Care(why), over=over, at=at, day=day))  # fmt: skip

    def personal(self, who: Who | str, *, personal: bool) -> None:
        """Switch off, or on again, that anything is chosen from somebody's data; what she allows stays as it is.

        Raises:
            NotFound: nobody of that name is known.
        """
        person = self.shop.known(who)
        with self.shop.change("person.switch", about=person) as change:
            change.entry.detail["personal"] = personal
            self._gently(change, lambda who, at, day: people.gentle.switch(
                change.connection, who, personal=personal, at=at, day=day))  # fmt: skip

    def _gently(self, change: "Change", write: Any) -> None:
        for lock in (PEOPLE, EVENTS):
            one_at_a_time(change.connection, lock)
        about = change.entry.person
        survivor = None if about is None else people.merge.survivor(change.connection, PersonId(about))
        if survivor is None:
            raise NotFound("This person was erased a moment ago.")
        change.entry.person = survivor
        now = self.shop.clock()
        write(survivor, now, day_of(now, self.shop.settings.zone))

    @property
    def _today(self) -> int:
        return day_of(self.shop.clock(), self.shop.settings.zone)

    # ---- writing ---------------------------------------------------------------------------------------------------

    def _plan(self, connection: Connection) -> Plan:
        return plan_of(store.rows(connection))

    def _write(self, change: "Change", kind: str, name: str, body: Any) -> None:
        number = store.add(change.connection, kind, name, body, actor=self.shop.actor.name, at=self.shop.clock())
        change.entry.detail["row"] = number


def gated(plan: Plan) -> list[str]:
    """Every model and initiative that may be approved or suspended."""
    return [
        *MODELS,
        *(f"experiment-{name}" for name in plan.experiments),
        *(f"offer-{name}" for name in plan.offers),
    ]


def checked(body: Any) -> Any:
    """The same, as it will be read back.

    Raises:
        BadInput: a value is out of its bounds; the message says which.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(body), type(body))
    except msgspec.ValidationError as error:
        raise BadInput(f"This does not fit: {error}.") from None


def checked_name(name: str) -> str:
    """The name.

    Raises:
        BadInput: it is none.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"'{name[:40]}' is no name: 1 to 64 small letters, digits and hyphens, such as product-page.")
    return name


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, as segments are found by them."""
    return one.strip().casefold() == other.strip().casefold()


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, n=1)
    return f" Did you mean '{folded[close[0]]}'?" if close else ""


def _salt() -> str:
    return secrets.token_hex(_SALT)


def _by_code(plan: Plan, code: str) -> str | None:
    """The offer of a code, as long as it was not ended."""
    named = (name for name, one in plan.offers.items() if one.code == code and one.state is not State.STOPPED)
    return next(named, None) if code else None


def _offer_of(plan: Plan, code: str) -> tuple[str, Offer]:
    """The same, as somebody typed the code.

    Raises:
        NotFound: no offer has it.
    """
    name = _by_code(plan, code.strip().upper())
    if name is None:
        raise NotFound("No offer has this code. See: goodwill offer list")
    return name, plan.offers[name]
