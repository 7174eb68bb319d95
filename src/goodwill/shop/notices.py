"""What customers are asked, in which words, and their answers: notices, snapshots, double opt-in, privacy signals.

A notice is a draft in a file until somebody signs it off and it is published; what was published, or shown, is kept for
ever. An answer is proven only by the token of what was shown; everything else is somebody's claim.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.clock import DAY, Micros, day_of
from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.basics.ids import PersonId, Position
from goodwill.consent import Asked, Evidence, Receipt, Row, Said, State, opt_in, published, signals, states
from goodwill.consent.cells import Cell, cells_of
from goodwill.consent.codes import TRIES, Codes, parts
from goodwill.consent.duties import Duties, MayAsk, duties_of, may_ask, silenced, use_of
from goodwill.consent.expiring import Expiring, expiring
from goodwill.consent.notices import (
    BANNER,
    Document,
    Draft,
    Shown,
    difference,
    document_of,
    drafts_in,
    hash_of,
    name_of,
    needs_yes,
    shown_of,
    starters,
)
from goodwill.consent.opt_in import OptIn
from goodwill.consent.published import Signature, Version
from goodwill.consent.signals import Signal
from goodwill.consent.snapshot import BadSnapshot, Fault, Snapshot, Snapshots
from goodwill.consent.states import Status
from goodwill.consent.wording import Judged, judge
from goodwill.people.canonical import canonical
from goodwill.purposes import Basis, Category, Purpose, Regime
from goodwill.reach.letters import confirm_consent
from goodwill.shop.who import Who
from goodwill.storage.engine import LEDGER, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_BY_MAIL = "marketing.communications.email"
CONFIRM_PAGE = "/privacy/confirm"
_OPT_IN = "opt-in"  # name of the secret that addresses are hashed with
_SNAPSHOT = "snapshot"
_GPC, _BROWSER = "gpc", "browser"
# One answer for every code that does not open: which of the reasons it is, is nobody's business but the person's.
_NO_CODE = (
    "This code opens nothing. It may be mistyped, used already, replaced by a newer letter, or more than a week old. "
    "Ask for a new letter."
)

Answers: TypeAlias = Mapping[tuple[str, str], bool]
_Pair: TypeAlias = tuple[Purpose, Category]


@dataclass(frozen=True, slots=True)
class Listed:
    """One notice in one language and region, as it stands.

    Attributes:
        state: published · signed-off · draft · changed (a draft that differs from what is published).
        version: of what is published or, for what came with goodwill, was last shown; 0 where nothing was.
        register_changed: what is published says something else of its purposes than the register does now.
    """

    notice: str
    language: str
    region: str
    source: str
    state: str
    version: int
    passes: bool
    signed_by: str
    register_changed: bool


@dataclass(frozen=True, slots=True)
class Signalled:
    """What came of a privacy signal.

    Attributes:
        objected: purposes that it turned off now; earlier ones stay off.
        person: None where nobody is known by that name, and so nothing is done with anybody's data.
    """

    person: PersonId | None
    objected: tuple[Purpose, ...]
    says: str


@dataclass(frozen=True)
class Notices:
    """The notices of one shop."""

    shop: "Shop"
    codes: Codes = field(default_factory=Codes)

    # ---- drafts ----------------------------------------------------------------------------------------------------

    def drafts(self) -> list[Draft]:
        """The shop's own drafts, and what comes with goodwill where the shop has none for that language and region."""
        own = drafts_in(self.shop.folder / "notices")
        mine = {draft.name for draft in own}
        return own + [draft for draft in starters(self.shop.register) if draft.name not in mine]

    def draft(self, key: str, language: str, region: str = "") -> Draft:
        """One draft.

        Raises:
            NotFound: there is none of that name.
        """
        wanted, drafts = name_of(key, language, region), self.drafts()
        for draft in drafts:
            if draft.name == wanted:
                return draft
        raise NotFound(f"There is no notice '{wanted}'. There are: {', '.join(draft.name for draft in drafts)}.")

    def document(self, key: str, language: str, region: str = "") -> Document:
        """All that a draft would show."""
        return document_of(self.draft(key, language, region), self.shop.register)

    def lint(self, key: str, language: str, region: str = "") -> Judged:
        """Whether a draft is plain and fair."""
        return judge(self.document(key, language, region))

    def preview(self, key: str, language: str, region: str = "", *, version: int | None = None) -> Shown:
        """A draft, or a version of it that was published, to look at; there is no token in it."""
        if version is None:
            return shown_of(self.document(key, language, region), 0)
        with self.shop.database.reading() as connection:
            found = [one for one in published.versions_of(connection, key) if one.version == version]
        if not found:
            raise NotFound(f"The notice '{key}' has no version {version}. `goodwill consent notices list` shows all.")
        return shown_of(found[0].document, version)

    def diff(
        self, key: str, language: str, region: str = "", *, version: int | None = None
    ) -> list[tuple[str, str, str]]:
        """What a draft would change against what is published, or against an older version; place, old and new."""
        new = self.document(key, language, region)
        with self.shop.database.reading() as connection:
            versions = _of(published.versions_of(connection, key), language, region)
        chosen = [one for one in versions if version is None or one.version == version]
        if version is not None and not chosen:
            raise NotFound(f"'{name_of(key, language, region)}' has no version {version}.")
        return difference(chosen[-1].document if chosen else None, new)

    def list(self) -> Sequence[Listed]:
        """Every notice in every language and region."""
        with self.shop.database.reading() as connection:
            return [self._listed(connection, draft) for draft in self.drafts()]

    def _listed(self, connection: Connection, draft: Draft) -> Listed:
        versions = _of(published.versions_of(connection, draft.key), draft.language, draft.region)
        last = versions[-1] if versions else None
        try:
            document = document_of(draft, self.shop.register)
        except BadInput:
            return Listed(
                draft.key, draft.language, draft.region, draft.source, "draft", last.version if last else 0,
                passes=False, signed_by="", register_changed=last is not None,
            )  # fmt: skip
        signed = published.signature(connection, hash_of(document))
        same = last is not None and last.hash == hash_of(document)
        if same and last is not None and last.origin == published.SHOP:
            state = "published"
        elif signed is not None:
            state = "signed-off"
        else:
            state = "changed" if last is not None and not same else "draft"
        return Listed(
            draft.key, draft.language, draft.region, draft.source, state, last.version if last else 0,
            passes=judge(document).passes,
            signed_by=signed.by if signed else "",
            register_changed=last is not None and last.origin == published.SHOP and self._is_behind(last.document),
        )  # fmt: skip

    def _is_behind(self, document: Document) -> bool:
        register = self.shop.register
        language = document["language"].partition("-")[0]
        return any(
            offer["purpose"] not in register
            or register.sentence(register[offer["purpose"]], language) != offer["sentence"]
            or [kind["category"] for kind in offer["categories"]] != list(register[offer["purpose"]].categories)
            for offer in document["purposes"]
        )

    # ---- publishing ------------------------------------------------------------------------------------------------

    def sign_off(self, key: str, language: str, region: str = "", *, by: str) -> Signature:
        """Write down that somebody stands for exactly these words; another word, and nobody does.

        Raises:
            Refused: the lint has something to mend; the message says what.
        """
        document = self.document(key, language, region)
        if not by.strip():
            raise BadInput("Say who signs off: a name that people in the shop know.")
        _check_passes(document)
        with self.shop.change("notice.sign-off") as change:
            _detail(change.entry.detail, document, by=by.strip())
            return published.sign(change.connection, document, by=by.strip(), now=self.shop.clock())

    def publish(self, key: str, language: str, region: str = "") -> Version:
        """Make a draft the notice that everybody sees from now on; it can never be changed, only followed by another.

        Raises:
            Refused: nobody signed off exactly these words, or the lint has something to mend.
            Conflict: it is what everybody sees already.
        """
        document = self.document(key, language, region)
        with self.shop.change("notice.publish") as change:
            _detail(change.entry.detail, document)
            _check_passes(document)
            signed = published.signature(change.connection, hash_of(document))
            if signed is None:
                name = name_of(key, language, region)
                raise Refused(
                    f"Nobody has signed off these words of '{name}'. Read them with `goodwill consent notices preview` "
                    "and sign them off with `goodwill consent notices sign-off`."
                )
            mine = _of(published.versions_of(change.connection, key), language, region)
            if mine and mine[-1].origin == published.SHOP and mine[-1].hash == hash_of(document):
                raise Conflict(f"'{name_of(key, language, region)}' is published with these words: nothing to do.")
            made = published.publish(
                change.connection, document, signed, by=self.shop.actor.name, now=self.shop.clock()
            )
            change.entry.detail["version"] = made.version
            return made

    def shown(self, named: str) -> Shown:
        """Exactly what was shown, by its hash or by what a row of the ledger says (``banner@3#9f86d0…``).

        Raises:
            NotFound: nothing with that hash was ever published or shown here.
        """
        wanted = named.rpartition("#")[2]
        with self.shop.database.reading() as connection:
            found = published.by_hash(connection, wanted)
        if found is None:
            raise NotFound(f"No notice with the hash '{wanted[:64]}' was ever shown here.")
        return shown_of(found.document, found.version)

    # ---- showing ---------------------------------------------------------------------------------------------------

    def current(self, language: str = "", region: str = "", *, key: str = BANNER, to: Who | None = None) -> Shown:
        """The notice to show now, with a token that ties the answer to it.

        Of what is published it is the nearest: the region before its country before everywhere, the language before its
        plain form before the shop's first one. A shop that published nothing shows what comes with goodwill.

        Args:
            to: whom it is shown to, where that is known; nobody else can answer with the token then.

        Raises:
            NotFound: there is no notice of that key.
        """
        with self.shop.database.reading() as connection:
            versions = published.versions_of(connection, key)
        own = [one for one in versions if one.origin == published.SHOP]
        newest = {(one.language, one.region): one for one in own}
        chosen = _nearest(newest, language, region)
        if chosen is None:
            chosen = self._starter(key, language, region, versions)
        now = self.shop.clock()
        kind, value = next(iter(to.words.items()), ("", "")) if to is not None else ("", "")
        snapshot = Snapshot(
            chosen.notice, chosen.version, chosen.language, chosen.region, chosen.hash, now, kind,
            self._snapshots.person(kind, _same(kind, value)) if kind else "",
        )  # fmt: skip
        return shown_of(chosen.document, chosen.version, token=self._snapshots.make(snapshot))

    def _starter(self, key: str, language: str, region: str, versions: "Sequence[Version]") -> Version:
        """What comes with goodwill, entered among the versions the first time it is shown."""
        documents = {}
        for draft in starters(self.shop.register):
            if draft.key == key:
                try:
                    documents[draft.language, draft.region] = document_of(draft, self.shop.register)
                except BadInput:  # the register does not speak this language
                    continue
        document = _nearest(documents, language, region)
        if document is None:
            raise NotFound(f"No notice '{key}' is published. Put one into the folder notices, sign it off, publish it.")
        named = hash_of(document)
        if known := [one for one in versions if one.hash == named]:
            return known[-1]
        with self.shop.change("notice.keep") as change:
            _detail(change.entry.detail, document)
            again = [one for one in published.versions_of(change.connection, key) if one.hash == named]
            now = self.shop.clock()
            return again[-1] if again else published.publish(
                change.connection, document, Signature(named, "goodwill", now), by="goodwill", now=now,
                origin=published.STARTER,
            )  # fmt: skip

    @property
    def _snapshots(self) -> Snapshots:
        return Snapshots(self.shop.keys.secret(_SNAPSHOT), self.shop.settings.shop_id)

    def _opened(self, who: Who, token: str, now: Micros) -> tuple[Snapshot, Shown]:
        """What a token says was shown, checked against what is kept.

        Raises:
            BadSnapshot: it is not of this shop, changed, too old, somebody else's, or of a notice never shown here.
        """
        snapshot = self._snapshots.open(token, now=now)
        if snapshot.kind:
            value = who.words.get(snapshot.kind)
            if value is None or not hmac.compare_digest(
                self._snapshots.person(snapshot.kind, _same(snapshot.kind, value)), snapshot.person
            ):
                raise BadSnapshot(Fault.OTHER_PERSON)
        with self.shop.database.reading() as connection:
            found = published.by_hash(connection, snapshot.hash)
        if found is None or (found.notice, found.language, found.region) != (
            snapshot.notice, snapshot.language, snapshot.region,
        ):  # fmt: skip
            raise BadSnapshot(Fault.OTHER_NOTICE)
        return snapshot, shown_of(found.document, snapshot.version)

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
    ) -> tuple[Receipt, ...]:
        """Write a person's answers down, all or none; what is not answered stays as it is.

        The same answers under the same token are written once. A "no" needs no token: taking back must never fail for
        want of one. A yes to being written to counts once the address is confirmed; until then its state is requested.

        Args:
            answers: by purpose and category.
            token: of what was shown; without it nothing is proven.
            regime: the law where the person is; the shop's own unless given.
            signal: whether a privacy signal came with the answer.

        Raises:
            BadSnapshot: the token does not fit, and something was answered with yes.
            BadInput: a purpose or category cannot be chosen, or was not in what was shown.
        """
        who, cells = self.shop.named(who), self._cells(answers)
        now = self.shop.clock()
        snapshot, shown = self._seen(who, token, cells, now)
        asked = Asked(
            how=how, notice=shown.reference if shown else None, language=shown.language if shown else None, by=by,
            evidence=Evidence.PROVEN if shown else Evidence.CLAIMED, regime=self._regime(regime).id,
        )  # fmt: skip
        since = snapshot.at if snapshot else Micros(now - DAY)
        with self.shop.change("consent.answer") as change:
            connection = change.connection
            person = self.shop.identified(connection, who)
            change.entry.person = person
            heard = signal or self._signal_of(connection, person) is not None
            asking = _Asking(asked, since, now, heard=heard)
            told = self._told(connection, who, person, cells, asking)
            lines = consent.lines_at(connection, consent.append(connection, told.words, now=now))
            if told.by_mail and told.address is not None:
                requested = next(line.said_at for line in lines if line.state is State.REQUESTED)
                self._ask(connection, person, told.address, told.by_mail, asked, requested)
            change.entry.detail["rows"] = len(lines)
        return (*_receipts(lines), *_receipts(told.kept))

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

    def _regime(self, regime: Regime | None) -> Regime:
        return regime or self.shop.regimes.of(self.shop.settings.place)

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
        self, who: Who, token: str | None, cells: Mapping[_Pair, bool], now: Micros
    ) -> tuple[Snapshot | None, Shown | None]:
        """What was shown, by the token; nothing where there is none, or a bad one with nothing but "no"."""
        if token is None:
            return None, None
        try:
            snapshot, shown = self._opened(who, token, now)
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
        self, connection: Connection, who: Who, person: PersonId, cells: Mapping[_Pair, bool], asking: "_Asking"
    ) -> "_Told":
        """The words that answers come to, given what stands."""
        standing, told = cells_of(connection, person), _Told()
        if any(yes and self._is_by_mail(pair) for pair, yes in cells.items()):
            told.address = self._address(connection, who, person)
            told.waiting.update(self._waiting(connection, person, told.address, asking))
        for pair, yes in cells.items():
            cell = standing.get(pair)
            if cell is not None and asking.knows(cell, yes=yes):
                told.positions.append(cell.position)
            elif not yes:
                state = State.REFUSED if cell is None or cell.state == State.REFUSED else State.WITHDRAWN
                told.words.append(Said(person, *pair, state, asking.now, asking.asked))
            elif self._is_by_mail(pair) and not (told.address is not None and told.address.verified):
                if pair in told.waiting:
                    told.positions.append(told.waiting[pair])
                else:
                    told.words.append(Said(person, *pair, State.REQUESTED, asking.now, asking.asked))
                    told.by_mail.append(pair)
            else:
                told.words.append(self._yes(person, pair, cell, asking))
        told.kept.extend(consent.lines_at(connection, told.positions))
        return told

    def _yes(self, person: PersonId, pair: _Pair, cell: Cell | None, asking: "_Asking") -> Said:
        entry = self.shop.register[pair[0]]
        state = State.RENEWED if cell is not None and cell.stands(asking.now) else State.GIVEN
        # A click on yes counts whatever the browser says; that it was made despite the signal stands beside it.
        asked = replace(asking.asked, despite=_GPC) if asking.heard and use_of(entry) is not None else asking.asked
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
            code: ``number-letters``, as it stands in the letter's link.

        Raises:
            Refused: the code opens nothing; the reason is not told.
        """
        number, letters = parts(code)
        with self.shop.database.reading() as connection:
            found = opt_in.find(connection, number) if number is not None else None
        # Compared before anything is locked, because it takes its time; the turn in which tries are counted decides.
        fits = self.codes.fits(found.code if found is not None else None, letters)
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
        )  # fmt: skip
        words = list(self._confirmed_words(connection, person, again, asked))
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
        return f"{self.shop.register[pair[0]].fideslang}.".startswith(f"{_BY_MAIL}.")

    def _address(self, connection: Connection, who: Who, person: PersonId) -> "_Address | None":
        """The address that a letter about news would go to: the one named, else a verified one, else any."""
        mine = self._addresses(connection, person)
        if who.email is not None:
            named = self._hashed(who.email)
            mine = [one for one in mine if one.hashed == named]
        return mine[0] if mine else None

    def _addresses(self, connection: Connection, person: PersonId) -> "Sequence[_Address]":
        """Her e-mail addresses, verified ones first."""
        return [
            _Address(one.text, self._hashed(one.text), one.verified_at is not None)
            for one in self.shop.post.reach(connection, person).addresses
            if one.kind == "email"
        ]

    def _waiting(
        self, connection: Connection, person: PersonId, address: "_Address | None", asking: "_Asking"
    ) -> dict[_Pair, Position]:
        """What was asked for already under the same token, with the rows that say so."""
        found: dict[_Pair, Position] = {}
        for row in consent.history(connection, person):
            if row.state is State.REQUESTED and row.said_at >= asking.since and row.notice == asking.asked.notice:
                found[row.purpose, row.category] = row.position
        if address is None or not found:
            return found
        open_now = opt_in.pending(connection, [person], at=asking.now)
        waits = {pair for one in open_now if one.address == address.hashed for pair in one.about}
        return {pair: position for pair, position in found.items() if pair in waits}

    def _ask(
        self,
        connection: Connection,
        person: PersonId,
        address: "_Address",
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
        code = self.codes.make()
        words = {name: getattr(asked, name) for name in ("how", "notice", "language", "by", "regime")}
        one = OptIn(
            code.number, person, address.hashed, code.hashed, pairs, {**words, "evidence": asked.evidence.value},
            asked_at, Micros(asked_at + opt_in.LASTS), 0, opt_in.PENDING,
        )  # fmt: skip
        opt_in.add(connection, one)
        language = (asked.language or self.shop.settings.language).partition("-")[0]
        entries = dict.fromkeys(self.shop.register[purpose] for purpose, _ in pairs)
        letter = confirm_consent(
            sentences=[self.shop.register.sentence(entry, language) or entry.sentence for entry in entries],
            code=code.text,
            days=opt_in.LASTS // DAY,
            page=f"{self.shop.settings.reached_at}{CONFIRM_PAGE}?{urlencode({'code': code.text})}",
        )
        self.shop.post.send(
            connection, letter=letter, person=person, address=address.address, language=language, until=one.ends_at
        )

    def _hashed(self, address: str) -> bytes:
        """What an address is known by while it is not confirmed: the same however it is written, and in every epoch."""
        return hmac.digest(self.shop.keys.secret(_OPT_IN), _same("email", address).encode(), "sha256")

    # ---- privacy signals -------------------------------------------------------------------------------------------

    def signal(
        self,
        who: Who | str,
        on: bool = True,  # noqa: FBT001, FBT002 - the signal is on or off
        how: str = "header",
        *,
        regime: Regime | None = None,
        known: bool = False,
    ) -> Signalled:
        """Honour a browser's Global Privacy Control: it says no wherever silence would mean yes.

        It never undoes a choice made after it first came, and its absence undoes nothing.

        Args:
            on: False is written nowhere: a script that says nothing is no consent.
            how: header or script.
            regime: what the law of the place adds, such as that the signal takes back an earlier yes to a sale.
            known: only if the person is known; else she becomes known by it.
        """
        if how not in signals.WAYS:
            raise BadInput(f"A signal comes by one of {', '.join(signals.WAYS)}, not '{how}'.")
        who, now, duties = self.shop.named(who), self.shop.clock(), duties_of(self._regime(regime))
        person = self.shop.find(who)
        if not on or (known and person is None):
            return Signalled(person, (), "")
        if person is not None and not self._is_news(person, duties, now):
            return Signalled(person, (), _honoured(()))
        with self.shop.change("consent.signal") as change:
            connection = change.connection
            person = self.shop.identified(connection, who)
            change.entry.person, change.entry.detail["how"] = person, how
            signals.note(connection, person, how, now=now)
            came = self._signal_of(connection, person) or Signal(now, now)
            words = self._silenced(connection, person, came, duties, how, now)
            consent.append(connection, words, now=now)
            objected = tuple(dict.fromkeys(word.purpose for word in words))
            change.entry.detail["purposes"] = len(objected)
        return Signalled(person, objected, _honoured(objected))

    def signalled(self, who: Who | str) -> Signal | None:
        """Since when somebody's browsers have been saying no, if they have."""
        with self.shop.database.reading() as connection:
            person = self.shop.find(who)
            return None if person is None else self._signal_of(connection, person)

    def _signal_of(self, connection: Connection, person: PersonId) -> Signal | None:
        return signals.signal_of(connection, people.merge.numbers(connection, person))

    def _is_news(self, person: PersonId, duties: Duties, now: Micros) -> bool:
        with self.shop.database.reading() as connection:
            came = self._signal_of(connection, person)
            if came is None or not signals.is_fresh(came, now=now):
                return True
            return bool(self._silenced(connection, person, came, duties, "header", now))

    def _silenced(
        self, connection: Connection, person: PersonId, came: Signal, duties: Duties, how: str, now: Micros
    ) -> Sequence[Said]:
        standing = cells_of(connection, person)
        asked = Asked(how=f"{_GPC} {how}", by=_BROWSER, evidence=Evidence.CLAIMED)
        return [
            Said(person, entry.name, category, State.REFUSED if cell is None else State.WITHDRAWN, now, asked)
            for entry in self.shop.register.asked()
            for category in entry.categories
            if silenced(entry, cell := standing.get((entry.name, category)), came, duties, at=now)
        ]

    # ---- asking again ----------------------------------------------------------------------------------------------

    def may_ask(self, who: Who | str, purpose: str, *, regime: Regime | None = None) -> MayAsk:
        """Whether somebody may be shown a question about a purpose now, and why or why not.

        What she opens herself, such as the preference centre, is no question.
        """
        entry, at = self.shop.register[purpose], self.shop.clock()
        if entry.basis is not Basis.CONSENT:
            return MayAsk(False, "no-choice")
        if entry.is_off(day_of(at, self.shop.settings.zone)):
            return MayAsk(False, "purpose-expired")
        with self.shop.database.reading() as connection:
            person = self.shop.find(self.shop.named(who))
            if person is None:
                return MayAsk(True, "never-asked")
            if people.holds.reasons(connection, [person]):
                return MayAsk(False, "held")
            numbers = people.merge.numbers(connection, person)
            waits = opt_in.pending(connection, numbers, at=at)
            if waiting := [one for one in waits if any(purpose == entry.name for purpose, _ in one.about)]:
                return MayAsk(False, "pending", max(one.ends_at for one in waiting))
            said = [row for number in numbers for row in consent.history(connection, number, purpose=entry.name)]
            gone = {row.refers for row in said}
            answered = [
                row.said_at
                for row in said
                if row.position not in gone and row.state in _ANSWERS and not _said_by_browser(row)
            ]
            mine = [cell for (name, _), cell in cells_of(connection, person).items() if name == entry.name]
            came = self._signal_of(connection, person)
        return may_ask(mine, max(answered, default=None), came, duties_of(self._regime(regime)), at=at)

    def expiring(self, within_days: int = 30) -> Sequence[Expiring]:
        """Yeses that end within some days, the soonest first."""
        if within_days < 1:
            raise BadInput(f"Look at least one day ahead, not {within_days}.")
        at = self.shop.clock()
        with self.shop.database.reading() as connection:
            found = expiring(connection, at=at, before=at + within_days * DAY)
            here = people.merge.survivors(connection, {one.person for one in found})
        return [one for one in found if here.get(one.person) == one.person]

    def status(self, who: Who | str, purpose: str) -> Mapping[Category, Status]:
        """How a purpose stands for somebody, in the vocabulary's words, for each category."""
        entry = self.shop.register[purpose]
        with self.shop.database.reading() as connection:
            person = self.shop.find(self.shop.named(who))
            if person is None:
                return dict.fromkeys(entry.categories, Status.UNKNOWN)
            return states.statuses(connection, person, entry, at=self.shop.clock())


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
    """

    asked: Asked
    since: Micros
    now: Micros
    heard: bool

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
    waiting: dict[_Pair, Position] = field(default_factory=dict)


_ANSWERS = {State.GIVEN, State.RENEWED, State.REFUSED, State.WITHDRAWN}


def _said_by_browser(row: Row) -> bool:
    return bool(json.loads(row.asked).get("by") == _BROWSER)


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


def _same(kind: str, value: str) -> str:
    """An id in the one form that it is known by."""
    return canonical(kind, value) or value


_Kept = TypeVar("_Kept")


def _nearest(kept: Mapping[tuple[str, str], _Kept], language: str, region: str) -> _Kept | None:
    """Of some languages and regions the one that fits best: the place counts more than the language."""
    languages = dict.fromkeys([language, language.partition("-")[0], "en", *sorted(code for code, _ in kept)])
    regions = dict.fromkeys([region, region.partition("-")[0], ""])
    found = (kept[code, place] for place in regions for code in languages if (code, place) in kept)
    return next(found, None)


def _of(versions: Sequence[Version], language: str, region: str) -> list[Version]:
    return [one for one in versions if (one.language, one.region) == (language, region)]


def _detail(detail: dict[str, str | int | bool | None], document: Document, **more: str) -> None:
    """What the audit log says of a notice: its name and the hash of its words."""
    detail["notice"] = name_of(document["notice"], document["language"], document["region"])
    detail["hash"] = hash_of(document)
    detail.update(more)


def _check_passes(document: Document) -> None:
    judged = judge(document)
    if not judged.passes:
        first = judged.findings[0]
        more = f" ({len(judged.findings) - 1} more)" if len(judged.findings) > 1 else ""
        raise Refused(
            f"This notice cannot be published yet. {first.place}: {first.says} {first.mend}{more} "
            "`goodwill consent notices lint` shows all."
        )


def _honoured(objected: Sequence[Purpose]) -> str:
    """What to tell whoever sent the signal."""
    off = f" It turned off: {', '.join(objected)}." if objected else ""
    return (
        "Global Privacy Control was honoured: nothing is sold or shared, and nothing that needs no yes is chosen for "
        f"this person.{off} What the person allowed by an own click still counts."
    )
