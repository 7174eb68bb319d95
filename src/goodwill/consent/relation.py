"""Who allows a purpose for a category, as a relation to join: now, or as of any row of the ledger."""

from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import (
    Connection,
    Insert,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from goodwill.consent.tables import SAYS_NOTHING, SAYS_YES, consent_now, consent_rows
from goodwill.storage.schema import Whole

_NAMES = ["purpose", "category", "person", "yes", "position", "said_at", "until"]
END_OF_TIME: Final = 2**63 - 1


def fold(*, as_of: int, among: ColumnElement[bool] | None = None) -> Select[*tuple[Any, ...]]:
    """The answer of every person, purpose and category that follows from the rows up to ``as_of``.

    The word said last counts; of two said at the same moment the "no"; then the later row. Rows that were taken back
    (invalidated) by a row up to ``as_of`` do not count. A row whose state is not known here is a "no".
    """
    later = consent_rows.alias("later")
    taken_back = (
        select(later.c.refers).where(later.c.refers == consent_rows.c.position, later.c.position <= as_of).exists()
    )
    conditions = [consent_rows.c.position <= as_of, ~taken_back]
    return _last_words(*conditions, *([] if among is None else [among]))


def _last_words(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The row that counts for each person, purpose and category, among the rows of some conditions."""
    rows = consent_rows.c
    yes = case((and_(rows.state.in_(SAYS_YES), rows.yes == 1), 1), else_=0).label("yes")
    last = func.row_number().over(
        partition_by=(rows.person, rows.purpose, rows.category),
        order_by=(rows.said_at.desc(), yes.element.asc(), rows.position.desc()),
    )
    ranked = (
        select(
            rows.purpose, rows.category, rows.person, yes, rows.position, rows.said_at, rows.until, last.label("nth")
        )
        .where(rows.state.not_in(SAYS_NOTHING), *conditions)
        .subquery()
    )
    return select(*(ranked.c[name] for name in _NAMES)).where(ranked.c.nth == 1)


def allowing(purpose: str, category: str, *, at: int, as_of: int | None = None) -> Select[int]:
    """The people whose answer for a purpose and category is "yes" and has not ended, as a one-column relation.

    Args:
        at: the moment; a consent that ends by then is a "no".
        as_of: position in the ledger; the current one unless given.
    """
    mine = and_(consent_rows.c.purpose == purpose, consent_rows.c.category == category)
    answers = consent_now if as_of is None else fold(as_of=as_of, among=mine).subquery()
    return select(answers.c.person).where(
        answers.c.purpose == purpose,
        answers.c.category == category,
        answers.c.yes == 1,
        # An end that is not a number would be later than every number on SQLite; it is none of these.
        or_(answers.c.until.is_(None), answers.c.until.between(at + 1, END_OF_TIME)),
    )


def lasts(until: int | None, at: int) -> bool:
    """Whether a yes that ends then still counts at a moment; an end that is no moment is over, as in `allowing`."""
    return until is None or at < until <= END_OF_TIME


def renew_answers(connection: Connection, *, after: int, upto: int) -> None:
    """Bring ``consent_now`` up to the ledger for the answers in the rows after ``after``; none of them is taken back.

    What stands there came first in the order of `fold` among all earlier rows, so that only it needs comparing:
    the work grows with the new rows, not with the ledger.
    """
    connection.execute(_RENEW[connection.dialect.name], {"after": after, "upto": upto})


def _renewing(line: Insert) -> Insert:
    new: Any = line.from_select(_NAMES, _last_words(consent_rows.c.position > _AFTER, consent_rows.c.position <= _UPTO))
    counts_more = or_(
        new.excluded.said_at > consent_now.c.said_at,
        and_(new.excluded.said_at == consent_now.c.said_at, new.excluded.yes <= consent_now.c.yes),
    )
    key = [consent_now.c.purpose, consent_now.c.category, consent_now.c.person]
    changed = {name: new.excluded[name] for name in ("yes", "position", "said_at", "until")}
    return cast("Insert", new.on_conflict_do_update(index_elements=key, set_=changed, where=counts_more))


def answer_again(connection: Connection, *, after: int, upto: int) -> None:
    """Work out anew, from the whole ledger, the answers that the rows after ``after`` speak of."""
    fresh = consent_rows.alias("fresh")
    spoken_of = select(fresh.c.person, fresh.c.purpose, fresh.c.category).where(
        fresh.c.position > after, fresh.c.position <= upto
    )
    now_key = tuple_(consent_now.c.person, consent_now.c.purpose, consent_now.c.category)
    key = tuple_(consent_rows.c.person, consent_rows.c.purpose, consent_rows.c.category)
    connection.execute(delete(consent_now).where(now_key.in_(spoken_of)))
    connection.execute(insert(consent_now).from_select(_NAMES, fold(as_of=upto, among=key.in_(spoken_of))))


def answer_all_again(connection: Connection) -> None:
    """Work every answer out anew from the whole ledger."""
    connection.execute(delete(consent_now))
    connection.execute(insert(consent_now).from_select(_NAMES, fold(as_of=END_OF_TIME)))


def differing(connection: Connection) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    """The answers in ``consent_now`` that do not follow from the ledger, and those that follow and do not stand there.

    One that stands otherwise than it follows is in both.
    """
    now = select(*(consent_now.c[name] for name in _NAMES))
    follows = fold(as_of=END_OF_TIME)
    return connection.execute(now.except_(follows)).all(), connection.execute(follows.except_(now)).all()


_AFTER, _UPTO = bindparam("after", type_=Whole), bindparam("upto", type_=Whole)
# Built once: a withdrawal waits for it.
_RENEW = {
    "sqlite": _renewing(sqlite.insert(consent_now)),
    "postgresql": _renewing(postgresql.insert(consent_now)),
}
