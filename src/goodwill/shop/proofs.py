"""What anybody can check about the shop's two logs, the consent ledger and the audit log, without believing the shop.

A checkpoint is signed after every row's bytes were hashed anew. It lies outside the database, so that a database that
was changed, cut or restored from an old copy no longer leads to it.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from goodwill import consent, people
from goodwill.basics.checkpoint import Checkpoint, note_of, verifier_key
from goodwill.basics.clock import iso
from goodwill.basics.errors import BadInput, Broken, Conflict, GoodwillError, NotFound
from goodwill.basics.merkle import consistency, inclusion, leaf_hash, root
from goodwill.consent import doubt_everything, receipts
from goodwill.consent import tables as consent_tables
from goodwill.shop.mending import Mended, Wrong, lines_in_words, mend_in, wrong_in
from goodwill.shop.noes import known_last, lacks, lost, meddled, remarks
from goodwill.shop.quarantine import MEND, Place, Quarantine, leads_to, look, no_is_lost, nothing_outside, place_of
from goodwill.storage import audit
from goodwill.storage.engine import CHECKPOINTS, LEDGER, one_at_a_time
from goodwill.storage.kept import drop_kept
from goodwill.storage.logs import (
    Hashes,
    Lacking,
    Log,
    Through,
    drop_tiles,
    keep_tiles,
    last_position,
    lines,
    read_through,
    rows_kept,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

CONSENT, AUDIT = consent_tables.LOG, audit.LOG
LOGS: Final = {log.name: log for log in (CONSENT, AUDIT)}


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and the note in which it is signed."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows that were given up.

    Attributes:
        taken_back: how many rows were written so that nothing from before counts.
        signed: the first checkpoints of the new generation.
    """

    quarantine: Quarantine
    taken_back: int
    signed: tuple[Signed, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reading a whole log, and everything that was signed of it, found.

    Attributes:
        checkpoints: how many were compared, of both places outside.
        changed: positions whose rows are not those of which hashes were kept.
        findings: what is wrong, a sentence each; nothing where all is well.
        remarks: what is to be known though nothing is wrong by it, a sentence each.
        meddled: files of every "no" outside that are not what goodwill wrote.
    """

    log: str
    size: int
    root: bytes
    checkpoints: int
    changed: tuple[int, ...]
    findings: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    meddled: tuple[Path, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a row stands in a log of some size.

    Attributes:
        line: the row's bytes; index: its place, from 0; leaf: the hash of its bytes.
    """

    log: str
    index: int
    size: int
    root: bytes
    line: bytes
    leaf: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """That a log of some size begins with the log of a smaller one."""

    log: str
    first: int
    second: int
    first_root: bytes
    second_root: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt to take home.

    Attributes:
        document: what it says.
        jws: the same, signed: a compact JWS with the document as its payload.
    """

    document: dict[str, Any]
    jws: str


@dataclass(frozen=True, slots=True)
class LogCard:
    """How one log is checked.

    Attributes:
        form: of its rows' bytes; note: its last checkpoint, "" where there is none.
        verifier_key: the key as tools for signed notes take it.
    """

    name: str
    id: str
    form: str
    verifier_key: str
    note: str


@dataclass(frozen=True, slots=True)
class Card:
    """How a shop's logs are checked; ``key`` is base64 of the 32 bytes."""

    shop: str
    key: str
    logs: tuple[LogCard, ...]


@dataclass(frozen=True)
class Proofs:
    """The proofs of one shop."""

    shop: "Shop"

    def place(self, log: Log = CONSENT) -> Place:
        """A log with its id, its checkpoints outside and its signer."""
        places = self.shop.guard.places
        if log.name not in places:
            settings = self.shop.settings
            places[log.name] = place_of(
                log, settings.shop_id, self.shop.folder / "checkpoints", settings.checkpoints_copy, self.shop.keys
            )  # fmt: skip
        return places[log.name]

    # ---- whether the ledger may be believed ------------------------------------------------------------------------

    @property
    def quarantine(self) -> Quarantine | None:
        """What keeps the consent ledger from being believed; None while all is well."""
        return self.shop.guard.quarantine(self.shop.database, self.place(), ended=self.shop.library.drop)

    def trusts(self, reached: int) -> bool:
        """Whether the ledger may be believed by somebody who sees so many rows; microseconds where nothing changed."""
        return self.shop.guard.trusts(self.shop.database, self.place(), reached, ended=self.shop.library.drop)

    # ---- checkpoints -----------------------------------------------------------------------------------------------

    def checkpoint(self) -> tuple[Signed, ...]:
        """Hash every row of both logs anew, and sign what they lead to, unless that was signed already.

        Raises:
            Quarantined: the consent ledger is behind, or beside, what was signed last.
            Broken: rows are not those of which hashes were kept; the sentence says which.
        """
        self.shop.noes.follow()
        self.shop.noes.said()
        found = self.quarantine
        if found is not None and not self.place().outside.doubted:  # what is doubted is read whole and named again
            self._note_refusal(CONSENT, "Quarantined")
            raise found.refuse()
        signed, broken = [], []
        for log in LOGS.values():
            try:
                signed.append(self._signed_whole(self.place(log)))
            except Broken as error:
                self._note_refusal(log, "Broken")
                self.place(log).outside.doubt(str(error))
                broken.append(error)
        if broken:
            raise Broken(" ".join(str(error) for error in broken))
        return tuple(signed)

    def latest(self, log: Log = CONSENT) -> Signed | None:
        """What was signed last of a log, if anything was."""
        try:
            checkpoint, note = self.place(log).latest(everywhere=False)
        except ValueError as error:
            raise Broken(f"The last checkpoint of the {log.name} log cannot be read: {error}.") from None
        return None if checkpoint is None else Signed(checkpoint, note)

    def _signed_whole(self, place: Place) -> Signed:
        latest = self.latest(place.log)
        sizes = [] if latest is None else [latest.checkpoint.size]
        with self.shop.database.reading() as connection:
            through = read_through(connection, place.log, place.id, sizes)
        wrong = [*_changed(place.log, through), *_not_as_signed(place.log, through, latest)]
        if latest is None and through.kept:
            wrong.append(nothing_outside(place, through.kept))
        if wrong:
            raise Broken(f"{' '.join(wrong)} Nothing was signed. {_LOOK}")
        with self.shop.database.transaction() as connection:
            one_at_a_time(connection, CHECKPOINTS)
            if through.tiles:
                keep_tiles(connection, place.log, through.tiles)
            now = self.latest(place.log)  # somebody else may have signed meanwhile
            if now is not None and now.checkpoint.size >= through.size:
                return self._kept(place, now)
            return self._sign(place, now, through.size, through.root)

    def up_to(self, position: int, log: Log = CONSENT) -> Signed:
        """A checkpoint that holds a row: the last one, or one made now from what was signed last and the rows since.

        Raises:
            NotFound: there is no such row.
            Broken: what is kept does not lead to what was signed last.
        """
        place, latest = self.place(log), self.latest(log)
        if latest is not None and position <= latest.checkpoint.size:
            return latest
        with self.shop.database.transaction() as connection:
            one_at_a_time(connection, CHECKPOINTS)
            latest, hashes = self.latest(log), Hashes(connection, log, place.id)
            reached = last_position(connection, log)
            if latest is not None and not leads_to(hashes, latest.checkpoint, reached):
                raise Broken(f"The {log.name} log does not lead to what was signed of it. {_LOOK}")
            if latest is None and (kept := rows_kept(connection, log)):
                raise Broken(f"{nothing_outside(place, kept)} Nothing was signed. {_LOOK}")
            if position > reached:
                raise NotFound(f"The {log.name} log has no row {position}; its last is {reached}.")
            if latest is not None and position <= latest.checkpoint.size:
                return latest
            return self._sign(place, latest, reached, root(reached, hashes.node))

    def _sign(self, place: Place, before: Signed | None, size: int, found: bytes, *more: str) -> Signed:
        generation = before.checkpoint.generation if before is not None else 1
        made = f"made {iso(self.shop.clock())}"
        return self._write(place, Checkpoint(place.id, generation, size, found, (made, *more)))

    def _write(self, place: Place, checkpoint: Checkpoint) -> Signed:
        return self._add(place, Signed(checkpoint, note_of(checkpoint, place.signer.sign, place.public)))

    def _add(self, place: Place, signed: Signed) -> Signed:
        checkpoint = signed.checkpoint
        try:
            place.outside.add(signed.note)
        except OSError as error:
            raise Conflict(
                f"The checkpoint of {checkpoint.size} rows cannot be written to {error.filename or 'its file'}: "
                f"{error.strerror}. Make the folder reachable, then: goodwill consent checkpoint"
            ) from error
        place.keep(checkpoint, signed.note)
        return signed

    def _kept(self, place: Place, signed: Signed) -> Signed:
        """Let what was signed last stand in the home and in the key store, wherever it was found."""
        if place.outside.last() != signed.note:
            return self._add(place, signed)
        place.keep(signed.checkpoint, signed.note)
        return signed

    def _note_refusal(self, log: Log, outcome: str) -> None:
        """A refusal is entered; what was signed stands outside, and entering it would only feed its own log."""
        entry = audit.Entry("log.checkpoint", detail={"log": log.name})
        with self.shop.database.transaction() as connection:
            audit.note(connection, self.shop.actor, entry, now=self.shop.clock(), outcome=outcome)

    # ---- when rows are lost for good -------------------------------------------------------------------------------

    def loss(self) -> Quarantine:
        """What would be given up, after both logs were read whole.

        Raises:
            Conflict: nothing is lost; where something else is wrong, the sentence says what helps.
        """
        self.verify()
        found = self.quarantine
        if found is None:
            raise Conflict("The consent ledger leads to what was signed of it; there is no loss to accept.")
        if found.mends:
            raise Conflict(f"Nothing is lost for good, so there is no loss to accept. {found.says}")
        return found

    def accept_loss(self, reason: str) -> Loss:
        """Give up the rows that are missing, and begin a new generation of the logs that lack some.

        What was lost may have been a "no". So every yes from before is taken back, and where silence allows everybody
        objects. What people say anew counts; what was learned is dropped.

        Args:
            reason: why the rows cannot be had any more; it stands in the audit log.

        Raises:
            Conflict: nothing is lost.
            Broken: rows stand where none may: the log was tampered with, which is no loss.
        """
        found = self.loss()
        if not reason.strip():
            raise BadInput("Say why the rows cannot be had any more; it stands in the audit log.")
        self._refuse_gaps()
        with self.shop.change("log.accept-loss", reason=reason) as change:
            connection, shop = change.connection, self.shop
            one_at_a_time(connection, LEDGER)
            mend_in(shop, connection, Wrong(wrong_in(shop, connection, shop.noes.file.last()).answers))
            taken = doubt_everything(
                connection, shop.register, people.everybody(connection), by=shop.actor.name, now=shop.clock()
            )
            drop_kept(connection)
            if found.missing is not None:
                change.entry.detail.update(first=found.missing[0], last=found.missing[1])
            change.entry.detail["taken_back"] = taken
        behind = [log for log in LOGS.values() if look(shop.database, self.place(log), everywhere=True).quarantine]
        shop.noes.write_down(anew=True)
        signed = tuple(self._new_generation(self.place(log)) for log in behind)
        shop.library.drop()
        return Loss(found, taken, signed)

    def _refuse_gaps(self) -> None:
        for log in LOGS.values():
            with self.shop.database.reading() as connection:
                odd = read_through(connection, log, self.place(log).id).odd
            if odd:
                raise Broken(
                    f"The {log.name} log has rows where none may stand ({positions(odd)}): somebody took rows out of "
                    "it or put some in. That is no loss to accept; restore a database that is whole."
                )

    def _new_generation(self, place: Place) -> Signed:
        """Sign a log as it stands, as the next generation, and say up to where it is still the one before."""
        known = [checkpoint for checkpoint, _ in place.known()]
        before = max((one.generation for one in known), default=1)  # where nothing is left of what was signed
        bound = _still_bound(known)
        with self.shop.database.reading() as connection:
            through = read_through(connection, place.log, place.id, [one.size for one in bound])
        agrees = max((one.size for one in bound if through.roots.get(one.size) == one.root), default=0)
        with self.shop.database.transaction() as connection:
            one_at_a_time(connection, CHECKPOINTS)
            drop_tiles(connection, place.log)
            keep_tiles(connection, place.log, read_through(connection, place.log, place.id).tiles)
            more = (f"made {iso(self.shop.clock())}", f"agrees {agrees}")
            signed = self._write(place, Checkpoint(place.id, before + 1, through.size, through.root, more))
        place.outside.doubt("")
        return signed

    # ---- looking at everything -------------------------------------------------------------------------------------

    def verify(self) -> tuple[Verdict, ...]:
        """Read both logs whole and compare them with every checkpoint outside, and answers with the ledger."""
        return tuple(self.verdict(log) for log in LOGS.values())

    def verdict(self, log: Log) -> Verdict:
        """The same for one log."""
        return self._verdict(self.place(log))

    def wrong(self) -> Wrong:
        """The answers that decisions go by and the ledger does not give, and what tells of rows that it has lost."""
        last = self.shop.noes.file.last()
        with self.shop.database.reading() as connection:
            return wrong_in(self.shop, connection, last)

    def mend(self) -> Mended:
        """Let every answer that decisions go by follow from the ledger again, and nobody allow more by that.

        Where the ledger alone would allow more than the answer that stands, the answer is written into the ledger. A
        "no" that stands outside alone is written there too. Of whoever changed something that the ledger has lost no
        yes counts any more for what it was about. A file of every "no" with which somebody meddled is put aside, and
        written anew from the ledger.

        Raises:
            Quarantined: the ledger is not what was signed of it, or has lost nobody knows whose answers.
        """
        meddled_with = self.verdict(CONSENT).meddled
        found = self.quarantine
        if found is not None and not found.mends:
            raise found.refuse()
        with self.shop.change("consent.mend") as change:
            one_at_a_time(change.connection, LEDGER)
            wrong = wrong_in(self.shop, change.connection, self.shop.noes.file.last())
            rows = mend_in(self.shop, change.connection, wrong)
            told = {"answers": len(wrong.answers), "lost": len(wrong.lost), "noes": len(wrong.noes), "rows": rows}
            change.entry.detail.update(told)
            if meddled_with:
                change.entry.detail["put_aside"] = len(meddled_with)
        aside = self.shop.noes.write_down(anew=True)
        self.place().outside.doubt("")  # whatever was wrong besides would have been refused
        return Mended(wrong, rows, tuple(aside))

    def _verdict(self, place: Place) -> Verdict:
        log, known = place.log, [checkpoint for checkpoint, _ in place.known()]
        latest = known[-1] if known else None
        bound = _still_bound(known)
        findings, last = list(self._unreadable(place)), None if place.noes is None else place.noes.last()
        known_no = known_last(place.keys, place.id)
        with self.shop.database.reading() as connection:
            try:
                through = read_through(connection, log, place.id, [one.size for one in bound])
            except GoodwillError as error:
                return Verdict(log.name, 0, b"", len(bound), (), (*findings, str(error)))
            wrong = wrong_in(self.shop, connection, last) if log is CONSENT else Wrong()
            if place.noes is not None and (gone := lost(connection, place.noes, known_no.line)) is not None:
                findings.append(no_is_lost(place.noes, gone))
        differences = [*_changed(log, through), *_not_as_known(log, through, bound), *_beside_rows(wrong)]
        place.outside.doubt("\n".join(differences))
        differences += [lacks(wrong.noes)] if wrong.noes else []  # this needs no doubt: every look sees it
        findings += differences
        if place.outside.waiting():
            findings.append(f"The second place of checkpoints, {place.outside.second}, cannot be reached.")
        if latest is None and through.kept:
            findings.append(nothing_outside(place, through.kept))
        bad = {} if place.noes is None else place.noes.wrong(known_no.ends)
        findings += [f"{meddled(file, one)} {_WRITE_ANEW}" for file, one in bad.items()]
        said = () if place.noes is None else tuple(remarks(place.noes, known_no))
        return Verdict(
            log.name, through.size, through.root, len(bound), through.changed, tuple(findings), said, tuple(bad)
        )

    def _unreadable(self, place: Place) -> Iterator[str]:
        for where, note in place.notes():
            try:
                place.read(note)
            except ValueError as error:
                yield f"{where} is no checkpoint of the {place.log.name} log: {error}."

    # ---- proofs ----------------------------------------------------------------------------------------------------

    def inclusion(self, position: int, size: int | None = None, log: Log = CONSENT) -> Inclusion:
        """The proof that a row stands in the log, of the size signed last unless another is named.

        Raises:
            NotFound: there is no such row, or nothing so long.
        """
        place, size = self.place(log), size if size is not None else self.up_to(position, log).checkpoint.size
        if not 1 <= position <= size:
            raise NotFound(f"A log of {size} rows has no row {position}.")
        with self.shop.database.reading() as connection:
            hashes = Hashes(connection, log, place.id)
            try:
                proof, found = inclusion(position - 1, size, hashes.node), root(size, hashes.node)
                leaf = hashes.node(0, position - 1)
            except Lacking as error:
                raise NotFound(str(error)) from None
            line = next((line for _, line in lines(connection, log, place.id, after=position - 1, upto=position)), b"")
        if leaf_hash(line) != leaf:
            raise Broken(f"Row {position} of the {log.name} log is not the one that was hashed. {_LOOK}")
        return Inclusion(log.name, position - 1, size, found, line, leaf, tuple(proof))

    def consistency(self, first: int, second: int | None = None, log: Log = CONSENT) -> Consistency:
        """The proof that the log of ``second`` rows begins with that of ``first``; signed last unless named.

        Raises:
            BadInput: the first is longer than the second, or empty.
            NotFound: there is nothing so long.
        """
        place = self.place(log)
        if second is None:
            latest = self.latest(log)
            second = latest.checkpoint.size if latest is not None else 0
        if not 1 <= first <= second:
            raise BadInput(f"A proof leads from at least 1 row to as many or more, not from {first} to {second}.")
        with self.shop.database.reading() as connection:
            hashes = Hashes(connection, log, place.id)
            try:
                proof = consistency(first, second, hashes.node)
                roots = root(first, hashes.node), root(second, hashes.node)
            except Lacking as error:
                raise NotFound(str(error)) from None
        return Consistency(log.name, first, second, *roots, tuple(proof))

    # ---- what people and strangers are given -----------------------------------------------------------------------

    def receipt(self, position: int) -> SignedReceipt:
        """The receipt for a row of the consent ledger, which its owner can check without the shop.

        Raises:
            NotFound: there is no such row.
            Broken: the row is not the one that was hashed.
        """
        place, shop = self.place(), self.shop
        with shop.database.reading() as connection:
            row = consent.row_at(connection, position)
        signed = self.up_to(position)
        proven = self.inclusion(position, signed.checkpoint.size)
        if proven.root != signed.checkpoint.root:
            raise Broken(f"The consent log does not lead to what was signed of it. {_LOOK}")
        given = receipts.Given(
            place.id, proven.line, proven.index, proven.size, _text(proven.root), tuple(map(_text, proven.proof)),
            signed.note,
        )  # fmt: skip
        document = receipts.document(
            row, json.loads(row.asked), shop.register[row.purpose], shop.register.category(row.category),
            self._controller, given, key=_text(place.public), now=shop.clock(),
        )  # fmt: skip
        payload = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        return SignedReceipt(document, place.signer.jws(payload, receipts.KIND))

    @property
    def _controller(self) -> receipts.Controller:
        settings = self.shop.settings
        return receipts.Controller(
            id=f"goodwill/{settings.shop_id}",
            name=settings.name,
            url=settings.reached_at,
            address=settings.postal_address,
            email=settings.contact_email,
            jurisdiction=settings.place or settings.region or "",
        )

    def card(self) -> Card:
        """What a stranger needs to check anything: the key, the logs, and what was signed of them last."""
        logs = [
            LogCard(log.name, self.place(log).id, log.form, verifier_key(self.place(log).id, self.public), latest.note
                    if (latest := self.latest(log)) is not None else "")
            for log in LOGS.values()
        ]  # fmt: skip
        return Card(self.shop.settings.name, _text(self.public), tuple(logs))

    @property
    def public(self) -> bytes:
        """The key with which all of this is checked: Ed25519, 32 bytes."""
        return self.place().public

    def export(self, log: Log = CONSENT) -> Iterator[bytes]:
        """The bytes of every row, in order; what hashes and proofs are of."""
        with self.shop.database.reading() as connection:
            yield from (line for _, line in lines(connection, log, self.place(log).id))


def verifier() -> str:
    """The program with which a stranger checks all of this: one file that needs Python and nothing else."""
    return files("goodwill.consent").joinpath("verifier.py").read_text(encoding="utf-8")


def _text(data: bytes) -> str:
    return b64encode(data).decode()


_LOOK: Final = "Look closer with: goodwill consent verify"


_WRITE_ANEW: Final = f"If the consent log is whole, this puts the file aside and writes it anew: {MEND}"


def _changed(log: Log, through: Through) -> Iterator[str]:
    """What differs between the rows and the hashes that were kept of them."""
    if through.changed:
        yield f"The {log.name} log was changed at {positions(through.changed)}."
    if through.odd:
        below = [position for position in through.odd if position <= through.size]
        if below:
            yield f"The {log.name} log has rows where none may stand: {positions(below)}."
        if later := [position for position in through.odd if position > through.size]:
            yield f"The {log.name} log lacks {_span(through.size + 1, later[0] - 1)}, before row {later[0]}."
    elif through.kept > through.size:
        yield f"The {log.name} log lacks {_span(through.size + 1, through.kept)}, of which hashes are kept."
    if through.unfit:
        named = ", ".join(f"{level}/{number}" for level, number in through.unfit)
        yield f"Hashes kept of the {log.name} log do not follow from its rows (tiles {named})."


def _not_as_signed(log: Log, through: Through, latest: Signed | None) -> Iterator[str]:
    if latest is not None:
        yield from _not_as_known(log, through, [latest.checkpoint])


def _not_as_known(log: Log, through: Through, known: Sequence[Checkpoint]) -> Iterator[str]:
    """How the rows differ from what was signed of them."""
    holds = 0
    for one in known:
        if one.size <= through.size and through.roots[one.size] == one.root:
            holds = one.size
            continue
        if one.size > through.size:
            yield f"The {log.name} log lacks {_span(through.size + 1, one.size)}, which were signed for outside."
        else:
            yield (
                f"The {log.name} log of {one.size} rows is not the one that was signed outside: the difference lies in "
                f"{_span(holds + 1, one.size)}."
            )
        return


def _beside_rows(wrong: Wrong) -> Iterator[str]:
    """What is wrong though the rows are those that were signed; a sentence that ends in `MEND` tells what helps."""
    if wrong.answers:
        yield (
            f"{len(wrong.answers)} answers that decisions go by do not follow from the consent ledger. Mend them, "
            f"after which nobody allows more than now: {MEND}"
        )
    if wrong.unnamed:
        yield (
            f"The audit log tells of rows that the consent ledger lacks, and not whose they were: "
            f"{lines_in_words(wrong.unnamed)}."
        )
    elif wrong.doubtful:
        yield (
            f"The audit log tells of rows that the consent ledger lacks: {lines_in_words(wrong.doubtful)}. Let no yes "
            f"count that these people may have taken back: {MEND}"
        )


def _still_bound(known: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The checkpoints that the log must still lead to: of a generation that was given up, those before the loss."""
    bound, agreed, later = list[Checkpoint](), None, None  # up to where both the next generation and this one agree
    for one in reversed(known):
        if later is not None and one.generation < later.generation:
            begins = [int(word) for word in (later.word("agrees"), agreed) if word is not None]
            agreed = min(begins, default=None)
        later = one
        if agreed is None or one.size <= agreed:
            bound.append(one)
    return sorted(bound, key=lambda one: one.size)


def positions(some: Sequence[int]) -> str:
    """Positions in words: ``rows 3, 7 to 9``."""
    runs: list[list[int]] = []
    for position in sorted(some):
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    named = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs[:20])
    more = " and more" if len(runs) > 20 else ""
    return f"{'row' if len(some) == 1 else 'rows'} {named}{more}"


def _span(first: int, last: int) -> str:
    return f"row {first}" if first >= last else f"rows {first} to {last}"
