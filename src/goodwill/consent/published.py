"""Notices that were published or shown, for ever, and who signed off which words.

Rows are only added: a version never changes, and the hash in a row of the ledger leads to exactly the words.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, Text, func, insert, select

from goodwill.basics.clock import Micros
from goodwill.consent.notices import Document, canonical, hash_of
from goodwill.storage.engine import NOTICES, one_at_a_time
from goodwill.storage.schema import Whole, metadata

notice_versions = Table(
    "notice_versions",
    metadata,
    Column("notice", Text, primary_key=True),
    Column("version", Whole, primary_key=True, autoincrement=False),  # counted for each notice, over its languages
    Column("language", Text, nullable=False),
    Column("region", Text, nullable=False),  # empty: everywhere
    Column("hash", Text, nullable=False),
    Column("document", Text, nullable=False),  # canonical JSON: all words, choices and their order
    Column("origin", Text, nullable=False),  # shop: published here; starter: came with goodwill and was shown
    Column("signed_by", Text, nullable=False),
    Column("signed_at", Whole, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", Whole, nullable=False),
)
Index("ix_notice_versions_hash", notice_versions.c.hash)

notice_signatures = Table(
    "notice_signatures",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("notice", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("hash", Text, nullable=False),  # of the words that were signed: any other words are not
    Column("signed_by", Text, nullable=False),
    Column("at", Whole, nullable=False),
)
Index("ix_notice_signatures_hash", notice_signatures.c.hash)

SHOP, STARTER = "shop", "starter"


@dataclass(frozen=True, slots=True)
class Version:
    """A notice as it was published."""

    notice: str
    version: int
    language: str
    region: str
    hash: str
    document: Document
    origin: str
    signed_by: str
    signed_at: Micros
    published_by: str
    published_at: Micros


@dataclass(frozen=True, slots=True)
class Signature:
    """Who stands for which words, since when."""

    hash: str
    by: str
    at: Micros


def sign(connection: Connection, document: Document, *, by: str, now: Micros) -> Signature:
    """Write down that somebody stands for exactly these words."""
    one_at_a_time(connection, NOTICES)
    last = connection.execute(select(func.coalesce(func.max(notice_signatures.c.id), 0))).scalar_one()
    named = hash_of(document)
    connection.execute(
        insert(notice_signatures).values(
            id=last + 1, notice=document["notice"], language=document["language"], region=document["region"],
            hash=named, signed_by=by, at=now,
        )
    )  # fmt: skip
    return Signature(named, by, now)


def signature(connection: Connection, named: str) -> Signature | None:
    """The latest signature under some words."""
    question = select(notice_signatures).where(notice_signatures.c.hash == named)
    row = connection.execute(question.order_by(notice_signatures.c.id.desc()).limit(1)).first()
    return None if row is None else Signature(row.hash, row.signed_by, Micros(row.at))


def is_any_of_shop(connection: Connection) -> bool:
    """Whether somebody of the shop has published a notice, and so stands for its words."""
    question = select(notice_versions.c.notice).where(notice_versions.c.origin == SHOP).limit(1)
    return connection.execute(question).first() is not None


def publish(
    connection: Connection, document: Document, signed: Signature, *, by: str, now: Micros, origin: str = SHOP
) -> Version:
    """Add the next version of a notice; it can never be changed."""
    one_at_a_time(connection, NOTICES)
    versions = notice_versions.c
    last = connection.execute(
        select(func.coalesce(func.max(versions.version), 0)).where(versions.notice == document["notice"])
    ).scalar_one()
    made = Version(
        document["notice"], last + 1, document["language"], document["region"], hash_of(document), document, origin,
        signed.by, signed.at, by, now,
    )  # fmt: skip
    connection.execute(
        insert(notice_versions).values(
            notice=made.notice, version=made.version, language=made.language, region=made.region, hash=made.hash,
            document=canonical(document).decode(), origin=origin, signed_by=signed.by, signed_at=signed.at,
            published_by=by, published_at=now,
        )
    )  # fmt: skip
    return made


def versions_of(connection: Connection, notice: str | None = None) -> list[Version]:
    """All that was published or shown, oldest first."""
    question = select(notice_versions).order_by(notice_versions.c.notice, notice_versions.c.version)
    if notice is not None:
        question = question.where(notice_versions.c.notice == notice)
    return _read(connection.execute(question).all())


def by_hash(connection: Connection, named: str) -> Version | None:
    """The first version with exactly these words."""
    question = select(notice_versions).where(notice_versions.c.hash == named).order_by(notice_versions.c.version)
    return next(iter(_read(connection.execute(question.limit(1)).all())), None)


def _read(rows: Sequence[Any]) -> list[Version]:
    return [
        Version(
            row.notice, row.version, row.language, row.region, row.hash, json.loads(row.document), row.origin,
            row.signed_by, Micros(row.signed_at), row.published_by, Micros(row.published_at),
        )
        for row in rows
    ]  # fmt: skip
