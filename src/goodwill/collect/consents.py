"""Consents: each row becomes words in the ledger, one for each data category that it speaks of.

Only a word that means yes is a yes: a blank is none, nor is "pending", nor a purchase. What is not said is read to the
person's advantage. A yes without a time is recorded as the oldest word of all, so that any other word beats it; a no
without a time, or with one that cannot be read or is yet to come, as said when its file was first imported, so that it
beats every yes before; a no with a date and no time of day as said at the end of that day. A yes is given back where
another row of the same person about the same could not be taken (see `doubts`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import Connection

from goodwill import consent
from goodwill.basics.clock import DAY, Micros, iso
from goodwill.basics.errors import BadInput
from goodwill.collect.columns import BAD, BLANK, MOST_REMEMBERED, Column, Held, Marks, Memo, Numbers, Reason, Unreadable
from goodwill.collect.doubts import Doubts
from goodwill.collect.groups import left_alone
from goodwill.collect.named import Ids, Named
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.values import WITHDRAWN, answer_word, read_answer, read_text
from goodwill.collect.when import When
from goodwill.collect.writing import (
    Faults,
    Making,
    Prepared,
    Texts,
    Tools,
    Wrote,
    blank_rows,
    broken_rows,
    group_of,
)
from goodwill.consent import Asked, Evidence, Proof, Said, State
from goodwill.consent.repeats import news
from goodwill.people import suppress
from goodwill.people.circle import circle_of
from goodwill.people.erase import Names
from goodwill.people.identify import with_verified
from goodwill.people.naming import named_in
from goodwill.people.together import Met, identify_rows
from goodwill.purposes import EMAIL_MARKETING, Basis, Category, Entry, Register

_BETWEEN = re.compile(r"\s*[,;|]\s*")
_PROOF = ("notice", "words", "asked-how", "language")
_Told: TypeAlias = tuple[str, str, str, str]  # what a row says in these


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one row says, before it is known who the person is."""

    entry: Entry
    categories: tuple[Category, ...]
    state: State
    said_at: int
    until: int | None
    asked: Asked


class Consents:
    """Reads and writes answers about consent."""

    def __init__(self, part: PartPlan, tools: Tools, making: Making, _: str | None) -> None:
        self._part = part
        self._tools = tools
        self._making = making
        self._named = Named(part, tools.region)
        self._when = When(part, tools, making)
        self._confirmed = When(part, tools, making, "confirmed") if part.known.says("confirmed") else None
        self._answers = Memo(read_answer)
        self._about = _About(tools.register)
        self._texts = Texts(read_text)
        self._doubts: Doubts | None = None
        self._told: dict[tuple[object, ...], _Answer] = {}

    def prepare(self, chunk: Chunk) -> Prepared:
        if self._doubts is None:
            self._doubts = self._look_through()
        doubts = self._doubts
        faults = Faults(self._part, chunk)
        column = self._answer_column(chunk)
        yes = self._answers.of(column)
        ids = self._named.read(chunk, faults)
        about = self._read_about(chunk, faults)
        faults.unreadable(yes == BAD, "answer", self._answers)
        at = self._when.read(chunk, faults, excused=yes == 0)  # a no counts, whenever it was said
        confirmed = [BLANK] * chunk.rows
        if self._confirmed is not None:
            confirmed = self._confirmed.read(chunk, faults, excused=yes == 0).tolist()
        proof = {field: self._read_texts(chunk, field) for field in _PROOF}
        self._without_names(ids, proof, yes, faults)
        if doubts:
            doubted = (one is not None and one[0].name in doubts.of(who) for one, who in zip(about, ids, strict=True))
            self._mark_doubted(np.fromiter(doubted, bool, chunk.rows) & (yes == 1), chunk, faults)
        open_rows = yes == BLANK  # nobody answered, so the row says nothing, whatever else it holds
        blank = blank_rows(self._part, chunk, open_rows)
        faults.which[open_rows] = -1
        good = np.flatnonzero(faults.none & ~open_rows).tolist()
        said_at = self._said_at(at, yes).tolist()
        states = [_state(yes[row] == 1, column.text(row)) for row in good]
        timed = (at > BAD).tolist()
        if len(self._told) > MOST_REMEMBERED:
            self._told.clear()
        told = [
            (
                ids[row],
                self._answer(_Says(about[row], state, said_at[row], _of(proof, row), timed[row], confirmed[row])),
            )
            for row, state in zip(good, states, strict=True)
        ]

        def write(connection: Connection) -> Wrote:
            return self._write_undoubted(connection, told, good, chunk)

        counts = {"blank rows": int(blank.sum()), "rows without an answer": int((open_rows & ~blank).sum())}
        rejects = [*broken_rows(self._part, chunk), *faults.rejects()]
        skipped = {why: count for why, count in counts.items() if count}
        undated = np.array([row for row in good if at[row] == BAD], np.int64)
        remarks = group_of(self._part, chunk, undated, "time", _SAID_NOW)
        return Prepared(chunk.rows + len(chunk.broken), rejects, write, skipped, remarks)

    def _look_through(self) -> Doubts:
        """Whose yes the file makes doubtful, by a row that may be a no and cannot be taken."""
        doubts = Doubts()
        if "answer" in self._part.known.columns and not self._part.survey.may_say_no:
            return doubts
        for chunk in self._chunks():
            yes = self._answers.of(self._answer_column(chunk))
            if not ((yes == BAD) | (yes == 0)).any():
                continue
            faults = Faults(self._part, chunk)
            ids = self._named.read(chunk, faults)
            self._read_about(chunk, faults)
            pairs = self._pairs(chunk)
            for row in np.flatnonzero((yes == BAD) | ((yes == 0) & ~faults.none)).tolist():
                doubts.add(ids[row], self._about.purposes(pairs[row]))
        if doubts and self._named.several:
            doubts.spread(
                lambda: (ids for chunk in self._chunks() for ids in self._named.read(chunk, Faults(self._part, chunk)))
            )
        return doubts

    def _chunks(self) -> Iterator[Chunk]:
        return self._part.table.chunks(list(self._part.known.columns.values()))

    def _mark_doubted(self, rows: Marks, chunk: Chunk, faults: Faults) -> None:
        column, heading = self._answer_column(chunk), self._part.known.columns.get("answer", "")
        faults.mark(rows, lambda row: (heading, column.text(row), _IN_DOUBT))

    def _answer_column(self, chunk: Chunk) -> Column:
        """What each row answers: its own cell, or the same word for all."""
        heading = self._part.known.columns.get("answer")
        if heading is not None:
            return chunk.column(heading)
        word = self._part.known.constants["answer"]
        if self._answers[word] == BAD:
            raise BadInput(f"--map answer=={word}: it {self._answers.why(word).problem}. Say yes or no.")
        return Column(Held.TEXT, [word] * chunk.rows)

    def _without_names(self, ids: Sequence[Ids], proof: dict[str, list[str]], yes: Numbers, faults: Faults) -> None:
        """What the ledger keeps for good may not name whom it is about; a "no" comes in without such a text."""
        for field in ("words", "asked-how"):
            texts = proof[field]
            named = [
                row for row, text in enumerate(texts) if text and named_in(text, _names(ids[row] or {})) is not None
            ]
            heading = self._part.known.columns.get(field, "")

            def why(_: int, heading: str = heading) -> tuple[str, str, Reason]:
                return heading, "…", _NAMES_HER

            marks = np.zeros(len(yes), bool)
            for row in named:
                marks[row] = yes[row] == 1
                texts[row] = ""
            faults.mark(marks, why)

    def _write_undoubted(
        self, connection: Connection, told: list[tuple[Ids, _Answer]], rows: Sequence[int], chunk: Chunk
    ) -> Wrote:
        """Write what is said, but for a yes that is in doubt because the shop knows the person by another id."""
        faults, lines = Faults(self._part, chunk), [chunk.lines[row] for row in rows]
        if self._doubts and told:
            found = self._doubts.of_known(connection, self._tools.cipher, [ids for ids, _ in told])
            doubted = [
                answer.state is State.GIVEN and answer.entry.name in purposes
                for (_, answer), purposes in zip(told, found, strict=True)
            ]
            marks = np.zeros(chunk.rows, bool)
            marks[[row for row, one in zip(rows, doubted, strict=True) if one]] = True
            self._mark_doubted(marks, chunk, faults)
            told = [one for one, bad in zip(told, doubted, strict=True) if not bad]
            lines = [line for line, bad in zip(lines, doubted, strict=True) if not bad]
        return replace(self._write(connection, told, lines), rejects=faults.rejects())

    def _write(self, connection: Connection, told: list[tuple[Ids, _Answer]], lines: Sequence[int]) -> Wrote:
        now, import_id = self._making.now, self._making.id
        met = identify_rows(
            connection, self._tools.cipher, [ids for ids, _ in told], now=now, import_id=import_id,
            region=self._tools.region,
        )  # fmt: skip
        told = self._waiting(connection, met, told)
        if self._tools.cipher.keys.leaves_anybody_alone():
            met = [None if self._must_not_be_written_to(*row) else one for one, row in zip(met, told, strict=True)]
        words, rows = [], []
        for row, (one, (_, answer)) in enumerate(zip(met, told, strict=True)):
            if one is None:
                continue
            for category in answer.categories:
                words.append(
                    Said(
                        one.person,
                        answer.entry.name,
                        category,
                        answer.state,
                        answer.said_at,
                        answer.asked,
                        answer.until,
                    )
                )
                rows.append(row)
        circle = circle_of(connection)
        told_anew = news(connection, words, now=now, silent=circle.silent)
        circle.silent.difference_update(word.person for word in words)
        kept = {row for word, row in zip(told_anew, rows, strict=True) if word is not None}
        positions = consent.append(connection, [word for word in told_anew if word is not None], now=now)
        span = (positions[0], positions[-1]) if positions else None
        alone = [line for line, one in zip(lines, met, strict=True) if one is None]
        remarks = left_alone(self._part.name, alone)
        return Wrote(len(kept), len(told) - len(kept) - len(alone), positions=span, remarks=remarks)

    def _waiting(
        self, connection: Connection, met: Sequence[Met | None], told: list[tuple[Ids, _Answer]]
    ) -> list[tuple[Ids, _Answer]]:
        """The same, where a yes to mail only asks to be confirmed if the shop counts nothing else as a yes."""
        if not self._tools.confirms_all:
            return told
        known = with_verified(connection, "email", {one.person for one in met if one is not None})
        return [
            (ids, replace(answer, state=State.REQUESTED, until=None))
            if one is not None and one.person not in known and answer.entry.goes_by_mail and answer.state is State.GIVEN
            else (ids, answer)
            for one, (ids, answer) in zip(met, told, strict=True)
        ]

    def _must_not_be_written_to(self, ids: Ids, answer: "_Answer") -> bool:
        """A yes to mail from a file, for an address that is on the list: only her own new word takes it off."""
        cipher = self._tools.cipher
        if answer.entry.name != EMAIL_MARKETING or answer.state not in (State.GIVEN, State.REQUESTED):
            return False
        forms = [(kind, one.form) for kind, one in ids.items()]
        return suppress.stands_on_it(cipher, forms, region=self._tools.region)

    def _read_about(self, chunk: Chunk, faults: Faults) -> "list[_Subject | None]":
        """The purpose and data categories that each row is about."""
        pairs = self._pairs(chunk)
        about = [self._about[pair] for pair in pairs]
        bad = np.fromiter((isinstance(one, Reason) for one in about), bool, chunk.rows)

        def why(row: int) -> tuple[str, str, Reason]:
            reason = about[row]
            heading = self._part.known.columns.get("purpose", "")
            return heading, pairs[row][0], reason if isinstance(reason, Reason) else Reason("", "")

        faults.mark(bad, why)
        return [None if isinstance(one, Reason) else one for one in about]

    def _pairs(self, chunk: Chunk) -> list[tuple[str, str]]:
        """Purpose and data categories of each row, as the file names them."""
        constants = self._part.known.constants
        purposes, categories = (
            self._read_texts(chunk, field) or [constants.get(field, "")] * chunk.rows
            for field in ("purpose", "data-category")
        )
        return list(zip(purposes, categories, strict=True))

    def _read_texts(self, chunk: Chunk, field: str) -> list[str]:
        if field not in self._part.known.columns:
            constant = self._part.known.constants.get(field, "")
            return [constant] * chunk.rows if constant else []
        return [text or "" for text in self._texts.of(chunk.column(self._part.known.columns[field]))]

    def _said_at(self, at: Numbers, yes: Numbers) -> Numbers:
        """When each word counts as said; never later than the file was first imported."""
        # A moment before the import, so that the ledger keeps exactly this time and knows the word again.
        calendar, since = self._when.calendar, self._making.since - 1
        timed = np.where(at > BAD, at, 0)
        day = calendar.days(timed)
        begins, ends = calendar.moments(day * DAY), calendar.moments((day + 1) * DAY) - 1
        said = np.where((timed == begins) & (yes == 0), ends, timed)
        said = np.where(at <= BAD, np.where(yes == 1, 0, since), said)
        earliest: Numbers = np.minimum(said, since)
        return earliest

    def _answer(self, says: "_Says") -> _Answer:
        """What a row says; many say the same."""
        same = (id(says.about), *says[1:])
        known = self._told.get(same)
        if known is None:
            known = self._told[same] = self._answered(says)
        return known

    def _answered(self, says: "_Says") -> _Answer:
        about, state, said_at, proof, timed, confirmed = says
        if about is None:
            raise AssertionError("a row with a fault is not written")
        notice, words, how, language = proof
        entry, categories = about
        shown = (notice or words) and how
        evidence = Evidence.PROVEN if timed and shown else Evidence.CLAIMED if timed else Evidence.NONE
        asked = Asked(
            how=how or "import", notice=notice or None, words=words or None,
            language=language or None, by="import", evidence=evidence,
            proof=Proof.FILE if evidence is Evidence.PROVEN else None,
            confirmed_at=iso(Micros(confirmed)) if confirmed > BAD and state is State.GIVEN else None,
        )  # fmt: skip
        if state is not State.GIVEN or entry.consent_days is None:
            return _Answer(entry, categories, state, said_at, None, asked)
        # How old a yes without a time is nobody knows; half of its life may be over when its file first comes.
        until = said_at + entry.consent_days * DAY if timed else self._making.since + entry.consent_days * DAY // 2
        return _Answer(entry, categories, state, said_at, until, asked)


_SAID_NOW = Reason(
    "the time of this no cannot be read or is yet to come, so it counts as said when the file first came",
    "if it was said earlier, take the import back, correct the time and import again",
)
_IN_DOUBT = Reason(
    "is a yes beside another row of the same person and purpose that cannot be taken and may be a no",
    "correct that row, then import both again",
)
_NAMES_HER = Reason("names the customer, and is kept for good", "say how they were asked without their address or id")


def _names(ids: Ids) -> Names:
    return Names(tuple((kind, one.text) for kind, one in ids.items()), ())


def _state(yes: object, word: str) -> State:
    if yes:
        return State.GIVEN
    return State.WITHDRAWN if answer_word(word) in WITHDRAWN else State.REFUSED


_Subject: TypeAlias = tuple[Entry, tuple[Category, ...]]


class _Says(NamedTuple):
    """What a row says, as far as it was read: `timed`, whether its time could be."""

    about: _Subject | None
    state: State
    said_at: int
    proof: _Told
    timed: bool
    confirmed: int


class _About(dict[tuple[str, str], _Subject | Reason]):
    """What a purpose and data categories, as a file names them, are in the register."""

    def __init__(self, register: Register) -> None:
        super().__init__()
        self._register = register

    def __missing__(self, pair: tuple[str, str]) -> _Subject | Reason:
        try:
            self[pair] = self._look_up(*pair)
        except Unreadable as unreadable:
            self[pair] = unreadable.reason
        return self[pair]

    def purposes(self, pair: tuple[str, str]) -> tuple[str, ...]:
        """The purpose that is meant, also where the rest cannot be read; none where it is not registered."""
        name = _purpose_name(pair[0])
        return (name,) if name in self._register else ()

    def _look_up(self, purpose: str, categories: str) -> _Subject:
        name = _purpose_name(purpose)
        possible = ", ".join(entry.name for entry in self._register.asked())
        if name not in self._register:
            raise Unreadable("is not a registered purpose", f"write one of {possible}")
        entry = self._register[name]
        if entry.basis not in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS):
            raise Unreadable(f"rests on {entry.basis}, so there is no choice to record", f"write one of {possible}")
        chosen = tuple(Category(word) for word in _BETWEEN.split(categories.casefold()) if word)
        if unknown := [word for word in chosen if word not in entry.categories]:
            raise Unreadable(
                f"does not use the data category '{unknown[0]}'", f"write one of {', '.join(entry.categories)}"
            )
        return entry, chosen or entry.categories


def _purpose_name(purpose: str) -> str:
    return purpose.casefold().replace("_", "-").replace(" ", "-")


def _of(proof: Mapping[str, list[str]], row: int) -> _Told:
    notice, words, how, language = (column[row] if column else "" for column in proof.values())
    return notice, words, how, language
