"""Four eyes: what takes many people's data out, or away, is asked for by one member of staff and approved by another.

An approval holds for a day, for one use, by whoever asked, and for exactly the parameters that were asked for: a hash
of them is compared again when it is used.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from goodwill.basics.clock import DAY
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.basics.ids import new_reference, opaque
from goodwill.protect import Box
from goodwill.staff import store
from goodwill.staff.refusals import NotAllowed
from goodwill.staff.roles import About, Act
from goodwill.staff.store import ApprovalRow
from goodwill.storage import audit
from goodwill.storage.engine import STAFF, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

HOLDS_FOR = DAY
_KEY = "key "  # how the audit log names a program with a key
ALONE = DAY  # in which it is counted who was exported or erased one at a time
BULK = {"export": "export the own copies of", "erase": "erase"}  # what may be asked for, in words


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to a second person.

    Attributes:
        words: what is to be done, in a sentence.
        digest: of exactly what; both see the same.
        state: waits, approved, refused, used, late.
        parameters: exactly what, for whoever is to answer; None once it is over.
    """

    id: str
    action: str
    words: str
    digest: str
    reason: str
    asked_by: str
    asked_at: int
    until: int
    state: str
    answered_by: str | None
    answered_at: int | None
    used_at: int | None
    parameters: Mapping[str, Any] | None


@dataclass(frozen=True)
class Approvals:
    """The approvals of one shop."""

    shop: "Shop"
    box: Box

    def ask(self, action: str, parameters: Mapping[str, Any], *, reason: str) -> Approval:
        """Ask somebody else to approve something.

        Args:
            action: export or erase.
            parameters: exactly what, as JSON has it: ``{"people": [3, 9]}`` or ``{"people": "all"}``.

        Raises:
            NotAllowed: whoever asks is no member of staff, or of a role that may not.
            BadInput: there is no such action, or no reason that says anything.
        """
        with self.shop.change("approval.ask", reason=fit(reason)) as change:
            by = self._by(Act.BULK_ASK)
            if action not in BULK:
                raise BadInput(f"'{action}' is nothing that is approved here. There are: {', '.join(BULK)}.")
            name, now = opaque(new_reference()), self.shop.clock()
            text = _canonical(parameters)
            row = ApprovalRow(
                name, action, digest_of(action, parameters), _words(action, parameters),
                self.box.seal(text, "approval", name), said(reason), by, now, now + HOLDS_FOR,
                None, None, None, None,
            )  # fmt: skip
            asked_for = parameters.get("people")
            change.entry.others = tuple(asked_for) if isinstance(asked_for, list | tuple) else ()
            store.add_approval(change.connection, row)
            change.entry.detail.update(approval=name, digest=row.digest)
            return self._shown(row)

    def list(self) -> "list[Approval]":
        """All that was ever asked, the latest first."""
        with self.shop.database.reading() as connection:
            return [self._shown(row) for row in store.all_approvals(connection)]

    def get(self, name: str) -> Approval:
        """One question.

        Raises:
            NotFound: there is none of that id.
        """
        with self.shop.database.reading() as connection:
            return self._shown(_known(connection, name))

    def approve(self, name: str) -> Approval:
        """Say yes to what somebody else asked for.

        Raises:
            NotAllowed: whoever says so asked for it, or is of a role that may not.
            CodeNeeded: no fresh code of the second factor was given.
            Conflict: it was answered before, or comes too late.
        """
        return self._answer("approval.approve", name, "approved")

    def refuse(self, name: str) -> Approval:
        """Say no to what somebody asked for."""
        return self._answer("approval.refuse", name, "refused")

    def open_bulk(self, action: str, people: Sequence[int], name: str, *, reason: str = "") -> None:
        """Go on with many people, at once or one after another, only if somebody else approved exactly that.

        Of a few people a day (the setting ``alone_a_day``), one at a time, nothing is asked. They are counted for the
        shop as a whole: whoever makes another key or account gains nothing by it. It binds staff, keys and the command
        line. A program that runs in the same process may do all anyway.

        Raises:
            NotAllowed: nobody approved it, or not this; the try is entered.
        """
        actor = self.shop.actor
        if not (actor.role or actor.name == "command line" or actor.name.startswith(_KEY)):
            return
        if len(people) < 2 and not name:
            self._alone(action, people, reason)
            return
        with self.shop.change(f"people.{action}-many", reason=reason) as change:
            change.entry.others = tuple(people)
            change.entry.detail.update(approval=name[:40], people=len(people))
            if not name:
                raise NotAllowed(
                    f"To {action} {len(people)} people at once needs a second pair of eyes: "
                    f"goodwill approvals ask {action} --help"
                )
            self.use(change.connection, name, action, {"people": sorted(map(int, people))})

    def open_all(self, action: str, name: str, *, reason: str = "") -> None:
        """Go on with all people only if somebody else approved that; whom it binds, see `open_bulk`.

        Raises:
            NotAllowed: nobody approved it; the try is entered.
        """
        actor = self.shop.actor
        if not (actor.role or actor.name == "command line" or actor.name.startswith(_KEY)):
            return
        with self.shop.change(f"people.{action}-many", reason=reason) as change:
            change.entry.detail.update(approval=name[:40], people="all")
            if not name:
                raise NotAllowed(
                    f"To {action} all people needs a second pair of eyes: goodwill approvals ask {action} ALL --reason "
                    "'…' --as ADDRESS"
                )
            self.use(change.connection, name, action, {"people": "all"})

    def _alone(self, action: str, people: Sequence[int], reason: str) -> None:
        """One more person without a second pair of eyes: counted, so that a loop is not a way around it.

        The line in the log is what is counted: two who come at once cannot both be the last.
        """
        most, doing = self.shop.settings.alone_a_day, f"people.{action}-alone"
        with self.shop.change(doing, reason=reason) as change:
            one_at_a_time(change.connection, STAFF)
            told = audit.since(change.connection, self.shop.clock() - ALONE, doing)
            before = {line.detail.get("number") for line in told if line.outcome == audit.DONE}
            for person in people:
                change.entry.detail["number"] = int(person)  # not as whom it is about: the next line says that
                if person not in before and len(before) >= most:
                    raise NotAllowed(
                        f"To {action} more than {most} people in 24 hours needs a second pair of eyes, also one at a "
                        "time and whoever of the shop does it. Ask for it: goodwill approvals ask "
                        f"{action} id:{person} --reason '…' --as ADDRESS; then do it with that approval. "
                        "What customers ask for themselves does not count: goodwill requests."
                    )

    def use(self, connection: Connection, name: str, action: str, parameters: Mapping[str, Any]) -> None:
        """Use an approval up, in the transaction of what it is for.

        Raises:
            NotFound: there is none of that id.
            NotAllowed: it is not approved, was used, is late, was asked by somebody else or for something else.
        """
        row = _known(connection, name)
        digest = digest_of(action, parameters)
        # A key asks for nothing itself: it may do what one member of staff asked for, and another approved.
        by = row.asked_by if self.shop.actor.name.startswith(_KEY) else self.shop.actor.name
        if not store.use_approval(connection, name, digest, by, now=self.shop.clock()):
            state = _state(row, self.shop.clock())
            why = (
                f"it is '{state}'" if state != "approved"
                else "it was asked for by somebody else" if row.asked_by != by
                else "it was approved for something else than this"
            )  # fmt: skip
            raise NotAllowed(
                f"The approval '{name}' does not open this: {why}. Ask anew: goodwill approvals ask --help"
            )

    def _answer(self, action: str, name: str, answer: str) -> Approval:
        with self.shop.change(action) as change:
            change.entry.detail["approval"] = name[:40]
            row = _known(change.connection, name)
            by = self._by(Act.BULK_APPROVE, About(asked_by=row.asked_by))
            if not store.answer_approval(change.connection, name, answer, by, now=self.shop.clock()):
                raise Conflict(f"'{name}' is '{_state(row, self.shop.clock())}' already; nothing was changed.")
            change.entry.detail["digest"] = row.digest
            return self._shown(_known(change.connection, name))

    def _by(self, act: Act, about: About | None = None) -> str:
        """Who acts, who must be a member of staff: two pairs of eyes need two people."""
        actor = self.shop.actor
        if not actor.role:
            raise NotAllowed("Only a member of staff asks for this and approves it. Name yourself with --as ADDRESS.")
        if act is Act.BULK_APPROVE and about is not None and about.asked_by == actor.name:
            raise NotAllowed("Somebody else has to answer what you asked for yourself.")
        self.shop.staff.demand(act, about)
        return actor.name

    def _shown(self, row: ApprovalRow) -> Approval:
        exactly = None if row.parameters is None else json.loads(self.box.open(row.parameters, "approval", row.id))
        return Approval(
            row.id, row.action, row.words, row.digest, row.reason, row.asked_by, row.asked_at, row.until,
            _state(row, self.shop.clock()), row.answered_by, row.answered_at, row.used_at, exactly,
        )  # fmt: skip


def digest_of(action: str, parameters: Mapping[str, Any]) -> str:
    """A hash of exactly what is asked for; lists of people count as sets."""
    return hashlib.sha256(f"{action}\n{_canonical(parameters)}".encode()).hexdigest()


_BLANK = (
    "test", "asdf", "because", "none", "no reason", "n/a", "reason", "needed", "xxx", "just because", "dont know",
    "not applicable", "keine", "weiss nicht", "unknown",
)  # fmt: skip
LEAST_REASON, MOST_REASON = 10, 300


def said(reason: str) -> str:
    """A reason that says something.

    Raises:
        BadInput: it is shorter than ten characters, or a phrase that says nothing.
    """
    text = fit(reason)
    plain = "".join(sign for sign in text.casefold() if sign.isalnum() or sign == " ").strip()
    blank = any(plain.replace(phrase, "").strip(" .") == "" for phrase in _BLANK) or len(set(plain)) < 5
    if len(text) < LEAST_REASON or blank:
        raise BadInput(
            "Say why in at least ten characters, so that the customer and an auditor understand it, such as "
            "'she asked on the phone where her order is'."
        )
    return text


def fit(reason: str) -> str:
    """A reason as the log can keep it: in one line, at most 300 characters, nothing that moves a cursor."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())[:MOST_REASON].rstrip()


def _canonical(parameters: Mapping[str, Any]) -> str:
    people = parameters.get("people")
    if isinstance(people, list | tuple):
        parameters = {**parameters, "people": sorted(set(people))}
    return json.dumps(parameters, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _words(action: str, parameters: Mapping[str, Any]) -> str:
    people = parameters.get("people")
    whom = "all people" if people == "all" else f"{len(people or ()):,} people"
    return f"{BULK[action]} {whom}"


def _known(connection: Connection, name: str) -> ApprovalRow:
    found = store.approval(connection, name)
    if found is None:
        raise NotFound("There is no such approval. Those there are: goodwill approvals list")
    return found


def _state(row: ApprovalRow, now: int) -> str:
    if row.used_at is not None:
        return "used"
    if row.answer == "refused":
        return "refused"
    if now >= row.until:
        return "late"
    return row.answer or "waits"
