"""What two people both allow, for when they turn out to be one: the narrower of their answers, and never a new yes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId, Position
from goodwill.consent.ledger import Asked, Evidence, Proof, Said, State, append, last_position
from goodwill.consent.relation import fold
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.purposes import Basis, Category, Purpose, Register
from goodwill.storage.engine import LEDGER, one_at_a_time

_Answers = Mapping[tuple[Purpose, Category], Row[Any]]


def narrow(
    connection: Connection, keep: PersonId, other: PersonId, register: Register, *, by: str, now: Micros
) -> list[Position]:
    """Let ``keep`` allow only what both allow, and until the earlier end; gives the rows that this took.

    A yes on one side meets a "no", or silence, on the other: it is withdrawn. Of two that end, the earlier end counts:
    the yes is written down again as it was said, with that end. Where a purpose needs no yes, only objections count.
    """
    one_at_a_time(connection, LEDGER)  # nobody says anything between the look and the rows
    mine, theirs = _answers(connection, keep), _answers(connection, other)
    words = [
        word
        for place in sorted(mine.keys() | theirs.keys())
        if (word := _narrower(keep, place, mine.get(place), theirs.get(place), register, by, now)) is not None
    ]
    return append(connection, words, now=now)


def narrow_back(
    connection: Connection, person: PersonId, upto: Position, register: Register, *, by: str, now: Micros
) -> list[Position]:
    """Let somebody allow at most what she allowed as of a row of the ledger, and until the earlier end.

    For when a merge is taken back: a yes that was said in between may have been the other's, so it counts for neither.
    Rows that were taken back since count for nothing, as if they had never been there.
    """
    one_at_a_time(connection, LEDGER)
    mine, before = _answers(connection, person), _answers_as_of(connection, person, upto)
    words = [
        word
        for place in sorted(mine)
        if (word := _narrower(person, place, mine[place], before.get(place), register, by, now)) is not None
    ]
    return append(connection, words, now=now)


def _answers_as_of(connection: Connection, person: PersonId, upto: Position) -> _Answers:
    mine = and_(consent_rows.c.person == person, consent_rows.c.position <= upto)
    rows = connection.execute(fold(as_of=last_position(connection), among=mine))
    return {(Purpose(row.purpose), Category(row.category)): row for row in rows}


def _narrower(
    keep: PersonId,
    place: tuple[Purpose, Category],
    mine: Row[Any] | None,
    theirs: Row[Any] | None,
    register: Register,
    by: str,
    now: Micros,
) -> Said | None:
    """The word that must be added so that no more is allowed than by both; none where that is so already.

    Ends are compared, not looked up on the clock: an answer that ended is narrower than one that lasts, whatever the
    time is.
    """
    silence_allows = place[0] in register and register[place[0]].basis is Basis.LEGITIMATE_INTERESTS
    they_allow = silence_allows if theirs is None else theirs.yes == 1
    if not they_allow and (mine is None or mine.yes == 1):
        state = State.REFUSED if mine is None else State.WITHDRAWN
        return Said(keep, *place, state, now, Asked(how="merge", by=by, evidence=Evidence.NONE))
    if mine is not None and mine.yes == 1 and theirs is not None and _ends_sooner(theirs.until, mine.until):
        # Said when it was said: a "no" that she gave later, and that comes in later still, must go on to win.
        evidence = Evidence(mine.evidence)
        proof = Proof.EARLIER_ROW if evidence is Evidence.PROVEN else None
        same = Asked(how="merge", by=by, notice=mine.notice, evidence=evidence, proof=proof)
        return Said(keep, *place, State(mine.state), mine.said_at, same, theirs.until)
    return None


def _ends_sooner(one: int | None, other: int | None) -> bool:
    return one is not None and (other is None or one < other)


def _answers(connection: Connection, person: PersonId) -> _Answers:
    said = consent_rows.c
    question = select(consent_now, said.state, said.notice, said.evidence).join(
        consent_rows, said.position == consent_now.c.position
    )
    rows = connection.execute(question.where(consent_now.c.person == person))
    return {(Purpose(row.purpose), Category(row.category)): row for row in rows}
