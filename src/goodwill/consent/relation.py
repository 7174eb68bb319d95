"""Who allows a purpose for a category, as a relation to join: now, or as of any row of the ledger."""

from sqlalchemy import Connection, Select, and_, delete, func, insert, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from goodwill.consent.tables import consent_now, consent_rows


def fold(*, as_of: int, among: ColumnElement[bool] | None = None) -> Select[tuple[object, ...]]:
    """The answer of every person, purpose and category that follows from the rows up to ``as_of``.

    The word said last counts; of two said at the same moment the "no"; then the later row. Rows that were taken back
    (invalidated) by a row up to ``as_of`` do not count.
    """
    rows, later = consent_rows, consent_rows.alias("later")
    taken_back = select(later.c.refers).where(later.c.refers == rows.c.position, later.c.position <= as_of).exists()
    order = (rows.c.said_at.desc(), rows.c.yes.asc(), rows.c.position.desc())
    last = func.row_number().over(partition_by=(rows.c.person, rows.c.purpose, rows.c.category), order_by=order)
    ranked = (
        select(rows.c.purpose, rows.c.category, rows.c.person, rows.c.yes, rows.c.position, rows.c.said_at, rows.c.until, last.label("nth"))
        .where(rows.c.position <= as_of, rows.c.yes.is_not(None), ~taken_back)
    )  # fmt: skip
    if among is not None:
        ranked = ranked.where(among)
    inner = ranked.subquery()
    columns = [column for column in inner.c if column.name != "nth"]
    return select(*columns).where(inner.c.nth == 1)


def allowing(purpose: str, category: str, *, at: int, as_of: int | None = None) -> Select[tuple[object, ...]]:
    """The people whose answer for a purpose and category is "yes" and has not ended, as a one-column relation.

    Args:
        at: the moment; a consent that ends by then is a "no".
        as_of: position in the ledger; the current one unless given.
    """
    answers = consent_now if as_of is None else fold(as_of=as_of).subquery()
    return select(answers.c.person).where(
        answers.c.purpose == purpose,
        answers.c.category == category,
        answers.c.yes == 1,
        or_(answers.c.until.is_(None), answers.c.until > at),
    )


def renew_answers(connection: Connection, *, after: int, upto: int) -> None:
    """Bring ``consent_now`` up to the ledger for the people and purposes that the rows after ``after`` speak of."""
    key = (consent_rows.c.person, consent_rows.c.purpose, consent_rows.c.category)
    fresh = select(*key).where(consent_rows.c.position > after, consent_rows.c.position <= upto).distinct()
    now_key = tuple_(consent_now.c.person, consent_now.c.purpose, consent_now.c.category)
    connection.execute(delete(consent_now).where(now_key.in_(fresh)))
    inner = consent_rows.alias("fresh")
    touched = (
        select(inner.c.position)
        .where(
            and_(
                inner.c.position > after,
                inner.c.position <= upto,
                inner.c.person == consent_rows.c.person,
                inner.c.purpose == consent_rows.c.purpose,
                inner.c.category == consent_rows.c.category,
            )
        )
        .exists()
    )
    names = ["purpose", "category", "person", "yes", "position", "said_at", "until"]
    connection.execute(insert(consent_now).from_select(names, fold(as_of=upto, among=touched)))
