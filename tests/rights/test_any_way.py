"""Owner, attacker, staff and clock do anything in any order: nothing unproven is ever carried out (I16).

The machine keeps its own small book of who proved what, and compares it with what the shop did.
"""

from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.conftest import FakeClock
from tests.reach.test_outbox import Steps
from tests.rights.desk import CODE

from goodwill import people
from goodwill.app import create_shop
from goodwill.basics import codes
from goodwill.basics.errors import GoodwillError
from goodwill.basics.ids import from_opaque
from goodwill.reach.outcome import Sent
from goodwill.rights import State, store
from goodwill.shop import Shop, Who

FRESH = count()
RIGHTS = st.sampled_from(["access", "port", "erase", "restrict", "object", "rectify", "human-review"])


class AnyWay(RuleBasedStateMachine):
    """Each example has an Amina and an Eve of its own; the shop is one."""

    shop: Shop
    clock: FakeClock
    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.n = next(FRESH)
        with self.shop.database.transaction() as connection:
            for name in ("amina", "eve"):
                ids = {"email": self.address(name)}
                people.identify(connection, self.shop.cipher, ids, now=self.clock(), verified=True)
        self.clock.turn(days=60)
        self.proven: set[str] = set()  # requests whose right code was given
        self.codes: dict[str, str] = {}
        self.about: dict[str, tuple[str, str]] = {}  # under whose address each was asked for, and what

    def address(self, name):
        return f"{name}{self.n}@example.com"

    # ---- what people do ------------------------------------------------------------------------------------------

    @rule(target=tickets, right=RIGHTS, name=st.sampled_from(["amina", "eve", "nobody"]))
    def ask(self, right, name):
        wanted = {"first-name": "X"} if right == "rectify" else {}
        try:
            ticket = self.shop.rights.open(right, address=self.address(name), wanted=wanted)
        except GoodwillError:
            return None
        self.remember(ticket)
        self.about[ticket.id] = name, right
        return ticket

    @rule(ticket=tickets)
    def answer_with_the_code(self, ticket):
        if ticket is not None:
            self.give(ticket, self.codes[ticket.id])

    @rule(ticket=tickets, other=tickets)
    def answer_with_the_code_of_another(self, ticket, other):
        if ticket is not None and other is not None:
            self.give(ticket, self.codes[other.id])

    @rule(ticket=tickets, guess=st.text(codes.ALPHABET, min_size=8, max_size=8))
    def guess(self, ticket, guess):
        if ticket is not None:
            self.give(ticket, guess)

    @rule(ticket=tickets)
    def ask_for_another_code(self, ticket):
        if ticket is not None:
            self.shop.rights.send_code(ticket.token)
            self.remember(ticket)

    @rule(ticket=tickets)
    def stop(self, ticket):
        if ticket is not None:
            self.tried(self.shop.rights.cancel, ticket.token, by="status")

    # ---- what staff and the clock do -----------------------------------------------------------------------------

    @rule(
        ticket=tickets,
        do=st.sampled_from(["pause", "resume", "extend", "clear_contact", "refuse", "fulfil", "by_hand"]),
    )
    def work(self, ticket, do):
        if ticket is None:
            return
        rights = self.shop.rights
        if do == "by_hand":
            self.tried(rights.fulfil, ticket.id, by_hand=True)
        elif do in ("fulfil", "resume"):
            self.tried(getattr(rights, do), ticket.id)
        else:
            self.tried(getattr(rights, do), ticket.id, "because")

    @rule(hours=st.sampled_from([1, 25, 24 * 8]))
    def time_goes_by(self, hours):
        self.clock.turn(seconds=hours * 3_600)
        self.shop.rights.advance()

    # ---- the book ------------------------------------------------------------------------------------------------

    def remember(self, ticket):
        """Read the newest code as its reader would: out of the letter."""
        box = Mailbox()
        replace(self.shop, channel=box).post.deliver()
        for words in box.texts:
            if ticket.token in words and (found := CODE.search(words)):
                self.codes[ticket.id] = found[1]

    def give(self, ticket, code):
        right = codes.typed(code) == codes.typed(self.codes[ticket.id])
        try:
            self.shop.rights.verify(ticket.token, code)
        except GoodwillError:
            return
        assert right, "a code fitted that was not the one in the letter"
        self.proven.add(ticket.id)

    def tried(self, do, *given, **more):
        with suppress(GoodwillError):
            do(*given, **more)

    @invariant()
    def nothing_is_carried_out_unproven(self):
        with self.shop.database.reading() as connection:
            all_mine = {number: store.one(connection, from_opaque(number)) for number in self.codes}
        for number, request in all_mine.items():
            if request.state in (State.VERIFIED, State.IN_WORK, State.FULFILLED, State.ATTACHED):
                assert number in self.proven
                assert request.verified_at is not None
            if request.state is State.FULFILLED and request.outcome != "nothing-held":
                assert request.person is not None
                assert request.closed_at >= request.hold_until

    @invariant()
    def nobody_else_is_touched(self):
        """A restriction or an erasure was asked for, and proven, under her own address."""
        for name in ("amina", "eve"):
            who = Who(email=self.address(name))
            if self.shop.find(who) is None:
                assert any(self.about[number] == (name, "erase") for number in self.proven)
            elif self.shop.identity.is_restricted(who):
                mine = [one for one in self.shop.rights.of(who) if one.right == "restrict"]
                assert any(one.id in self.proven for one in mine)


class Mailbox(Steps):
    """Takes every letter."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def send(self, mail):
        self.texts.append(mail.message.get_body(("plain",)).get_content().replace("\r\n", "\n"))
        return Sent()


def walk(database, folder, clock, *, examples, steps):
    where = database.url or f"sqlite:///{database.file}"
    shop = create_shop(folder / "home", clock=clock, database=where, region="IT", smtp_from="a@b.example")
    with shop:
        run_state_machine_as_test(
            type("Here", (AnyWay,), {"shop": shop, "clock": clock}),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_no_way_leads_to_her_data_without_proof(database, tmp_path, clock):
    walk(database, tmp_path, clock, examples=10, steps=15)


@pytest.mark.soak
def test_no_long_way_leads_to_her_data_without_proof(database, tmp_path, clock):
    walk(database, tmp_path, clock, examples=300, steps=60)
