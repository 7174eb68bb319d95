"""A customer's answers: proven by the token of what was shown, written all or none, news confirmed by mail first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.codes import TRIES, spaced
from goodwill.basics.errors import BadInput, Refused
from goodwill.basics.ids import PersonId, Position, opaque
from goodwill.consent import Asked, Evidence, Herself, Proof, Receipt, Row, Said, State, opt_in
from goodwill.consent.cells import Cell, cells_of
from goodwill.consent.codes import Code, make, parts
from goodwill.consent.duties import duties_of, use_of
from goodwill.consent.notices import Document, Shown, needs_yes
from goodwill.consent.opt_in import OptIn
from goodwill.consent.snapshot import BadSnapshot, Snapshot
from goodwill.protect import Box
from goodwill.purposes import EMAIL_MARKETING, Basis, Category, Entry, Purpose, Regime
from goodwill.reach.letters import confirm_consent
from goodwill.shop.naming import asked_without_names
from goodwill.shop.publishing import Publishing, same_id
from goodwill.shop.signalling import GPC, Signalling
from goodwill.shop.who import Who
from goodwill.storage.engine import LEDGER, one_at_a_time

NEVER, ASKED_HERE, ALWAYS = "never", "asked-here", "always"
CONFIRMS = (ASKED_HERE, ALWAYS, NEVER)  # what a yes to being written to may have to wait for
CONFIRM_PAGE = "/privacy/confirm"
# One answer for every code that does not open: which of the reasons it is, is nobody's business but the person's.
_NO_CODE = (
    "This code opens nothing. It may be mistyped, used already, replaced by a newer letter, or more than a week old. "
    "Ask for a new letter."
)

Answers: TypeAlias = Mapping[tuple[str, str], bool]
_Pair: TypeAlias = tuple[Purpose, Category]
_CONTACT = Category("contact")


@dataclass(frozen=True, slots=True)
class _Address:
    """An address that may be written to."""

    address: str = field(repr=False)
    hashed: bytes = field(repr=False)
    verified: bool


@dataclass(frozen=True, slots=True)
class _Asking:
    """How somebody was asked this time.

    Attributes:
        since: what she answered since then, to the same notice, she answered this time.
        heard: a privacy signal came with it, or before.
        herself: how it is known that she answers herself, if it is.
        anew: whether what stands already is said anew; else it is left as it is.
        claimed: somebody else says so, and nobody was asked here.
    """

    asked: Asked
    since: Micros
    now: Micros
    heard: bool
    herself: Herself | None = None
    anew: bool = True
    claimed: bool = False

    def may_stay(self, cell: Cell, *, yes: bool) -> bool:
        """Whether an answer that stands is as good as this one, for somebody who sees how everything stands."""
        if self.anew or cell.yes is not yes:
            return False
        return not yes or (cell.allows(self.now) and cell.evidence == Evidence.PROVEN)

    def knows(self, cell: Cell, *, yes: bool) -> bool:
        """Whether an answer that stands is this one, which came in already."""
        same = cell.notice == self.asked.notice and cell.evidence == self.asked.evidence
        return same and cell.yes is yes and cell.said_at >= self.since and (cell.allows(self.now) or not yes)


@dataclass(slots=True)
class _Told:
    """What answers come to: words to write, lines that say so already, what must be confirmed by mail."""

    words: list[Said] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    by_mail: list[_Pair] = field(default_factory=list)
    address: _Address | None = None
    waiting: dict[_Pair, Row] = field(default_factory=dict)
    waits: bool = False


@dataclass(frozen=True)
class Answering(Publishing, Signalling):
    """What customers answer to one shop."""

    codes: Callable[[], Code] = make

    # ---- answering -------------------------------------------------------------------------------------------------

    def answer(
        self,
        who: Who | str,
        answers: Answers,
        *,
        token: str | None = None,
        how: str = "page",
        regime: Regime | None = None,
        by: str | None = None,
        signal: bool = False,
        herself: Herself | None = None,
        page: Document | None = None,
    ) -> tuple[Receipt, ...]:
        """Write a person's answers down, all or none; what is not answered stays as it is.

        The same answers under the same token are written once. A "no" needs no token: taking back must never fail for
        want of one. A yes to being written to counts once the address is confirmed; until then its state is requested.

        Args:
            answers: by purpose and category.
            token: of what was shown; without it, and unless she is here herself, nothing is proven.
            regime: the law where the person is; the shop's own unless given.
            signal: whether a privacy signal came with the answer; it is honoured first.
            herself: how whoever calls knows that it is the person herself.
            page: what a page of ours shows now. It is kept with the first answer to it, and what it shows as standing
                already, proven, is left as it is.

        Raises:
            BadSnapshot: the token does not fit, and something was answered with yes.
            BadInput: a purpose or category cannot be chosen, or was not in what was shown.
        """
        who, cells = self.shop.named(who), self._cells(answers)
        now, law = self.shop.clock(), self.regime_here(regime)
        snapshot, shown = self._seen(who, token, cells, now, page)
        with self.shop.change("consent.answer") as change:
            connection = change.connection
            if leaves := cells.get((EMAIL_MARKETING, _CONTACT)) is False:
                self.shop.unwelcome.take_turn(connection)
            person = self.shop.identified(connection, who)
            change.entry.person = person
            said = asked_without_names(self.shop, connection, person, Asked(how, by=by), says_yes=any(cells.values()))
            how, by = said.how, said.by
            if signal:
                clicked = [pair for pair, yes in cells.items() if yes]
                self.heed(connection, person, duties_of(law), "header", now, spared=clicked)
            asking = _Asking(
                _asked(self._kept(connection, shown, page), how=how, by=by, herself=herself, law=law.id),
                snapshot.at if snapshot else Micros(now - DAY),
                now,
                heard=signal or self.signal_of(connection, person) is not None,
                herself=herself,
                anew=page is None,
            )
            told = self._told(connection, who, person, cells, asking)
            if leaves:
                self.shop.unwelcome.left(connection, person, at=now)
            lines = self._write_down(connection, person, told, asking)
            change.entry.detail["rows"] = len(lines)
        return (*_receipts(lines), *_receipts(told.kept))

    def request(
        self, connection: Connection, who: Who, person: PersonId, entry: Entry, chosen: Iterable[Category], asked: Asked
    ) -> Receipt | None:
        """Let a yes to being written to that somebody claims wait for its confirmation; None where it counts at once.

        It counts at once if the address is known to be hers, if whoever claims it says when she confirmed it
        (`Asked.confirmed_at`), or if the shop's setting is that nothing waits.
        """
        cells = self._cells({(entry.name, category): True for category in chosen}) if entry.goes_by_mail else {}
        waits = self.shop.settings.confirm_email
        if not cells or waits == NEVER or (waits == ASKED_HERE and asked.confirmed_at):
            return None
        now = self.shop.clock()
        asking = _Asking(asked, Micros(now - DAY), now, heard=False, claimed=True)
        told = self._told(connection, who, person, cells, asking)
        if not told.waits:
            return None
        return as_one([*_receipts(self._write_down(connection, person, told, asking)), *_receipts(told.kept)])

    def why_waits(self, receipt: Receipt) -> str:
        """For whoever gets a receipt that says requested: what the yes waits for, and whether a letter went out."""
        if receipt.state is not State.REQUESTED:
            return ""
        waits = "This yes waits: it counts once the code from a letter to the person's address is typed in."
        pending = self.pending(Who(id=receipt.person))
        if not any(purpose == receipt.purpose for one in pending for purpose, _ in one.about):
            return f"{waits} No letter was sent: no e-mail address of this person is known here. Give one first."
        if self.shop.channel is None:
            return f"{waits} The letter is in the outbox and cannot leave: no mail server is set (smtp_host)."
        return f"{waits} The letter is on its way."

    def _write_down(self, connection: Connection, person: PersonId, told: "_Told", asking: _Asking) -> Sequence[Row]:
        """Add what answers come to, and send the letter for what waits."""
        self.shop.erasure.heed(connection, told.words, herself=asking.herself)
        lines = consent.lines_at(connection, consent.append(connection, told.words, now=asking.now))
        if told.by_mail and told.address is not None:
            requested = next(line.said_at for line in lines if line.state is State.REQUESTED)
            self._ask(connection, person, told.address, told.by_mail, asking.asked, requested)
        return lines

    def dismiss(self, who: Who | str, token: str, *, how: str = "dismissed") -> tuple[Receipt, ...]:
        """A notice was closed without an answer: no to all it asked about.

        A yes that stands is not taken back: closing a window says no to the question, not to what was said before. Nor
        is it an objection where nothing was asked for.
        """
        who = self.shop.named(who)
        at = self.shop.clock()
        _, shown = self._opened(who, token, at)
        with self.shop.database.reading() as connection:
            person = self.shop.find(who)
            standing = cells_of(connection, person) if person is not None else {}
        silent = {
            (offer.purpose, category): False
            for offer in shown.purposes
            if needs_yes(offer)
            for category in offer.categories
            if (cell := standing.get((Purpose(offer.purpose), Category(category)))) is None or not cell.allows(at)
        }
        return self.answer(who, silent, token=token, how=how) if silent else ()

    def _cells(self, answers: Answers) -> dict[tuple[Purpose, Category], bool]:
        register = self.shop.register
        if not answers:
            raise BadInput("There is no answer to write down: name a purpose and a kind of data with yes or no.")
        cells: dict[tuple[Purpose, Category], bool] = {}
        for (purpose, category), yes in answers.items():
            entry = register[purpose]
            if entry.basis not in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS):
                raise BadInput(f"'{purpose}' rests on {entry.basis}, so there is no choice to record for it.")
            if category not in entry.categories:
                raise BadInput(
                    f"'{purpose}' does not use '{category}'; its data categories are {', '.join(entry.categories)}."
                )
            if yes is not True and yes is not False:
                raise BadInput(f"The answer about '{purpose}' and '{category}' must be true or false, not {yes!r}.")
            cells[entry.name, Category(category)] = yes
        return cells

    def _seen(
        self, who: Who, token: str | None, cells: Mapping[_Pair, bool], now: Micros, page: Document | None
    ) -> tuple[Snapshot | None, Shown | None]:
        """What was shown, by the token; nothing where there is none, or a bad one with nothing but "no"."""
        if token is None:
            return None, None
        try:
            snapshot, shown = self._opened(who, token, now, page)
        except BadSnapshot:
            if any(cells.values()):
                raise
            return None, None
        unseen = sorted(set(cells) - shown.cells)
        if not unseen:
            return snapshot, shown
        if any(cells.values()):
            purpose, category = unseen[0]
            raise BadInput(f"The notice that was shown did not ask about '{purpose}' and '{category}'.")
        return None, None

    def _told(
        self, connection: Connection, who: Who, person: PersonId, cells: Mapping[_Pair, bool], asking: _Asking
    ) -> _Told:
        """The words that answers come to, given what stands."""
        standing, told, lifts = cells_of(connection, person), _Told(), False
        if any(yes and self._is_by_mail(pair) for pair, yes in cells.items()):
            told.address = self._address(connection, who, person)
            told.waiting.update(self._waiting(connection, person, told.address, asking))
            told.waits = self._must_confirm(connection, person, told.address, asking)
            # Her own yes takes her address off the list, so it is written anew even where one stands already.
            lifts = asking.herself is not None and self.shop.erasure.is_left_alone(connection, person)
        for pair, yes in cells.items():
            cell, anew = standing.get(pair), yes and lifts and self._is_by_mail(pair)
            if cell is not None and not anew and asking.may_stay(cell, yes=yes):
                continue
            if cell is not None and not anew and not asking.claimed and asking.knows(cell, yes=yes):
                told.positions.append(cell.position)
            elif not yes:
                state = State.REFUSED if cell is None or cell.state == State.REFUSED else State.WITHDRAWN
                told.words.append(Said(person, *pair, state, asking.now, asking.asked))
            elif told.waits and self._is_by_mail(pair) and not (asking.claimed and cell and cell.stands(asking.now)):
                row = told.waiting.get(pair)
                if row is not None and (cell is None or cell.said_at < row.said_at):
                    told.positions.append(row.position)
                else:
                    told.words.append(Said(person, *pair, State.REQUESTED, asking.now, asking.asked))
                    told.by_mail.append(pair)
            else:
                told.words.append(self._yes(person, pair, cell, asking))
        told.kept.extend(consent.lines_at(connection, told.positions))
        return told

    def _must_confirm(
        self, connection: Connection, person: PersonId, address: _Address | None, asking: _Asking
    ) -> bool:
        """Whether a yes to being written to waits until somebody who reads the address confirms it.

        Where she once said no to mail, nobody else's word brings it back, not even with her address known to be hers.
        """
        if self.shop.settings.confirm_email == NEVER:
            return False
        if address is None or not address.verified:
            return True
        return asking.herself is None and not asking.claimed and self.shop.erasure.is_left_alone(connection, person)

    def _yes(self, person: PersonId, pair: _Pair, cell: Cell | None, asking: _Asking) -> Said:
        entry = self.shop.register[pair[0]]
        state = State.RENEWED if cell is not None and cell.stands(asking.now) else State.GIVEN
        # A click on yes counts whatever the browser says; that it was made despite the signal stands beside it.
        asked = replace(asking.asked, despite=GPC) if asking.heard and use_of(entry) is not None else asking.asked
        return Said(person, *pair, state, asking.now, asked, consent.ends(entry, asking.now))

    # ---- double opt-in ---------------------------------------------------------------------------------------------

    def ask_by_mail(self, who: Who | str, purposes: Iterable[str], *, token: str | None = None) -> tuple[Receipt, ...]:
        """Ask for a confirmation by mail of a yes to some purposes, for all their data: one letter for all of them."""
        answers: dict[tuple[str, str], bool] = {
            (purpose, category): True for purpose in purposes for category in self.shop.register[purpose].categories
        }
        return self.answer(who, answers, token=token, how="double opt-in")

    def pending(self, who: Who | str) -> Sequence[OptIn]:
        """What waits to be confirmed by somebody."""
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            numbers = people.merge.numbers(connection, person)
            return opt_in.pending(connection, numbers, at=self.shop.clock())

    def confirm(self, code: str) -> tuple[Receipt, ...]:
        """Let what was asked for by mail count: whoever gives the code reads the address.

        What got a "no" meanwhile stays a no. A code opens once, for a week, and not after ten wrong tries.

        Args:
            code: ``number-letters``: from the letter's link, and as typed from the letter.

        Raises:
            Refused: the code opens nothing; the reason is not told.
        """
        number, letters = parts(code)
        with self.shop.database.reading() as connection:
            found = opt_in.find(connection, number) if number is not None else None
        fits = self._box.fits(None if found is None else found.code, "code", number or 0, letters)
        if found is None:
            raise Refused(_NO_CODE)
        with self.shop.change("consent.confirm", about=found.person) as change:
            lines = self._confirmed(change.connection, found, fits=fits)
            change.entry.detail["confirmed"] = lines is not None
        if lines is None:
            raise Refused(_NO_CODE)
        return tuple(_receipts(lines))

    def _confirmed(self, connection: Connection, one: OptIn, *, fits: bool) -> Sequence[Row] | None:
        """The lines that a code gave; nothing where it opens nothing."""
        now = self.shop.clock()
        one_at_a_time(connection, LEDGER)
        person = people.merge.survivor(connection, one.person)
        again = opt_in.find(connection, one.number, lock=True)
        if again is None or person is None or not again.is_open(now) or again.tries >= TRIES:
            return None
        if not fits:
            opt_in.count_try(connection, one.number)
            return None
        address = next((mine for mine in self._addresses(connection, person) if mine.hashed == one.address), None)
        if address is None:
            return None  # it is not hers any more
        people.identify(connection, self.shop.cipher, {"email": address.address}, now=now, verified=True)
        opt_in.close(connection, one.number, now=now)
        said = again.asked
        asked = Asked(
            how=f"{said['how']}, confirmed by mail", notice=said["notice"], language=said["language"], by=said["by"],
            evidence=Evidence(said["evidence"] or Evidence.NONE), regime=said["regime"],
            proof=Proof(said["proof"] or "") if said.get("proof") else None,
        )  # fmt: skip
        words = list(self._confirmed_words(connection, person, again, asked))
        self.shop.erasure.heed(connection, words, herself=Herself.CODE)
        return consent.lines_at(connection, consent.append(connection, words, now=now))

    def _confirmed_words(self, connection: Connection, person: PersonId, one: OptIn, asked: Asked) -> Iterator[Said]:
        """A yes for each thing asked for, as said when it was asked for; none where something was said since."""
        standing, at = cells_of(connection, person), one.asked_at
        for purpose, category in one.about:
            cell = standing.get((purpose, category))
            if purpose in self.shop.register and (cell is None or cell.said_at < at):
                state = State.RENEWED if cell is not None and cell.stands(at) else State.GIVEN
                yield Said(person, purpose, category, state, at, asked, consent.ends(self.shop.register[purpose], at))

    def _is_by_mail(self, pair: _Pair) -> bool:
        return self.shop.register[pair[0]].goes_by_mail

    def _address(self, connection: Connection, who: Who, person: PersonId) -> _Address | None:
        """The address that a letter about news would go to: the one named, else a verified one, else any."""
        mine = self._addresses(connection, person)
        if who.email is not None:
            named = self._hashed(who.email)
            mine = [one for one in mine if one.hashed == named]
        return mine[0] if mine else None

    def _addresses(self, connection: Connection, person: PersonId) -> Sequence[_Address]:
        """Her e-mail addresses, verified ones first."""
        return [
            _Address(one.text, self._hashed(one.text), one.verified_at is not None)
            for one in self.shop.post.reach(connection, person).addresses
            if one.kind == "email"
        ]

    def _waiting(
        self, connection: Connection, person: PersonId, address: _Address | None, asking: _Asking
    ) -> dict[_Pair, Row]:
        """What was asked for already under the same token, with the rows that say so."""
        found: dict[_Pair, Row] = {}
        for row in consent.history(connection, person):
            if row.state is State.REQUESTED and row.said_at >= asking.since and row.notice == asking.asked.notice:
                found[row.purpose, row.category] = row
        if address is None or not found:
            return found
        open_now = opt_in.pending(connection, [person], at=asking.now)
        waits = {pair for one in open_now if one.address == address.hashed for pair in one.about}
        return {pair: row for pair, row in found.items() if pair in waits}

    def _ask(
        self,
        connection: Connection,
        person: PersonId,
        address: _Address,
        about: Sequence[_Pair],
        asked: Asked,
        asked_at: Micros,
    ) -> None:
        """Send one letter for all that waits for this address; no more than three a day."""
        if opt_in.letters_since(connection, address.hashed, asked_at - DAY) >= opt_in.MOST_LETTERS:
            return
        earlier = opt_in.pending(connection, [person], at=asked_at)
        pairs = tuple(
            dict.fromkeys([*(pair for one in earlier if one.address == address.hashed for pair in one.about), *about])
        )
        code = self.codes()
        kept = self._box.mark("code", code.number, code.letters)
        words = {name: getattr(asked, name) for name in ("how", "notice", "language", "by", "regime", "proof")}
        one = OptIn(
            code.number, person, address.hashed, kept, pairs, {**words, "evidence": asked.evidence.value},
            asked_at, Micros(asked_at + opt_in.LASTS), 0, opt_in.PENDING,
        )  # fmt: skip
        opt_in.add(connection, one)
        language = (asked.language or self.shop.settings.language).partition("-")[0]
        entries = dict.fromkeys(self.shop.register[purpose] for purpose, _ in pairs)
        letter = confirm_consent(
            sentences=[self.shop.register.sentence(entry, language) or entry.sentence for entry in entries],
            code=spaced(code.letters),
            days=opt_in.LASTS // DAY,
            # Programs that look into mail follow links and press buttons; none types a code from the letter.
            page=f"{self.shop.settings.reached_at}{CONFIRM_PAGE}/{opaque(code.number)}",
        )
        self.shop.post.send(
            connection, letter=letter, person=person, address=address.address, language=language, until=one.ends_at
        )

    def _hashed(self, address: str) -> bytes:
        """What an address is known by while it is not confirmed: the same however it is written, and in every epoch."""
        return self._box.mark("address", same_id("email", address))

    @property
    def _box(self) -> Box:
        return self.shop.cipher.box("opt-in")


def _asked(shown: Shown | None, *, how: str, by: str | None, herself: Herself | None, law: str) -> Asked:
    """How somebody was asked here: proven by what was shown, else by her being here herself, else claimed."""
    own = Proof.SIGNED_IN if herself is Herself.SIGNED_IN else None
    proof = Proof.SNAPSHOT if shown is not None else own
    return Asked(
        how=how, notice=shown.reference if shown else None, language=shown.language if shown else None, by=by,
        evidence=Evidence.PROVEN if proof else Evidence.CLAIMED, regime=law, proof=proof,
    )  # fmt: skip


def as_one(receipts: Sequence[Receipt]) -> Receipt:
    """One receipt for all categories of one answer; where some were renewed, it says how the others are."""
    categories = tuple(category for one in receipts for category in one.categories)
    positions = tuple(position for one in receipts for position in one.positions)
    first = next((one for one in receipts if one.state is not State.RENEWED), receipts[0])
    return replace(first, categories=categories, positions=positions)


def _receipts(lines: Iterable[Row]) -> Iterator[Receipt]:
    """A receipt for each purpose and state among some lines."""
    together: dict[tuple[object, ...], list[Row]] = {}
    for line in lines:
        key = (line.person, line.purpose, line.state, line.said_at, line.recorded_at, line.until, line.notice)
        together.setdefault(key, []).append(line)
    for same in together.values():
        one, categories = same[0], tuple(line.category for line in same)
        positions = tuple(line.position for line in same)
        yield Receipt(
            one.person, one.purpose, categories, one.state, positions, one.said_at, one.recorded_at, one.until,
            one.notice,
        )  # fmt: skip
