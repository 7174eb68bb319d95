"""Whom the shop leaves alone: ids kept as hashes, so that nobody on the list is written to or brought in again.

The hashes stand under a secret of their own that lasts, in the key store, which outlives the person's key and an older
database that is put back. Three reasons put an id there: an erasure, which also keeps the id from coming in again, and
an unsubscribe or an objection, which only stop mail. Only the person's own new word takes it off.

Many shops use the address as the customer number. So an id of any kind that reads as an e-mail address or a telephone
number is known by the mark of that address too: she is the same person under whichever kind of id her address comes in.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.people.canonical import canonical
from goodwill.protect import Cipher

ERASURE, UNSUBSCRIBE, OBJECTION = "erasure", "unsubscribe", "objection"
# A mark of a browser says nothing about who comes with it next.
_NOBODYS = frozenset({"anonymous_id"})


# Digits as telephone numbers are written; fewer than eight are a number of a shop's own.
_DIGITS = re.compile(r"\+?[\d ()./\u2013-]{8,30}")
_LEAST, _MOST = 8, 17


def marks(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> list[bytes]:
    """What ids, each a kind and a text, are put on the list as.

    What reads as an e-mail address goes there as that alone: her own word about the address takes all of it off.
    """
    found: dict[bytes, None] = {}
    for kind, text in ids:
        ways = _ways(kind, _form(kind, text, region), region)
        as_mail = [way for way in ways if way[0] == "email"]
        found.update(dict.fromkeys(_marks_of(cipher, as_mail or ways)))
    return list(found)


def addresses(ids: Iterable[tuple[str, str]], *, region: str | None = None) -> list[tuple[str, str]]:
    """The addresses among somebody's ids, as e-mail addresses and telephone numbers, of whatever kind they are."""
    ways = [way for kind, text in ids for way in _ways(kind, _form(kind, text, region), region)]
    return list(dict.fromkeys(way for way in ways if way[0] in ("email", "phone")))


def suppressed(_: Connection, cipher: Cipher, kind: str, value: str, *, region: str | None = None) -> bool:
    """Whether nobody may be written to at an address; asked inside the transaction that would write."""
    return stands_on_it(cipher, [(kind, value)], region=region)


def stands_on_it(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> bool:
    """Whether any of some ids is on the list, for whatever reason."""
    return bool(reasons(cipher, ids, region=region))


def reasons(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> set[str]:
    """Why some ids are on the list: erasure · unsubscribe · objection; nothing where none is."""
    return set(cipher.keys.left_alone(_looked_for(cipher, ids, region)).values())


def left_alone_among(
    cipher: Cipher, ids: Iterable[tuple[PersonId, str, str]], *, region: str | None = None
) -> set[PersonId]:
    """Those of some people, each given with an id's kind and text, of whom an address is on the list."""
    whose: defaultdict[tuple[str, str], set[PersonId]] = defaultdict(set)
    for person, kind, text in ids:
        for address in addresses([(kind, text)], region=region):
            whose[address].add(person)
    marked: defaultdict[bytes, set[PersonId]] = defaultdict(set)
    for (kind, form), persons in whose.items():
        for mark in cipher.leave_alone_marks(kind, [form]):
            marked[mark] |= persons
    return {person for mark in cipher.keys.left_alone(marked) for person in marked[mark]}


def suppress(cipher: Cipher, ids: Iterable[tuple[str, str]], why: str, *, region: str | None = None) -> None:
    """Put ids on the list."""
    cipher.keys.leave_alone(marks(cipher, ids, region=region), why)


def lift(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> int:
    """Take ids off the list because the person herself said so, and tell how many stood there."""
    return cipher.keys.leave_alone_no_more(_looked_for(cipher, ids, region))


def let_in(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> None:
    """Let ids of somebody who was erased be known again because she herself came back; mail waits for a yes of hers."""
    cipher.keys.leave_alone_for_mail_only(_looked_for(cipher, ids, region))


def barred(cipher: Cipher, kind: str, forms: Sequence[str], *, region: str | None = None) -> set[str]:
    """Those of some ids, in their one form, that an erasure keeps from coming in again."""
    if not forms or not cipher.keys.leaves_anybody_alone():
        return set()
    by_kind: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)  # the form to hash, and the id that it is of
    for form in forms:
        for way, read in _ways(kind, form, region):
            by_kind[way].append((read, form))
    known: defaultdict[bytes, set[str]] = defaultdict(set)
    for way, these in by_kind.items():
        for mark, (_, form) in zip(cipher.leave_alone_marks(way, [read for read, _ in these]), these, strict=True):
            known[mark].add(form)
    found = cipher.keys.left_alone(known)
    return {form for mark, why in found.items() if why == ERASURE for form in known[mark]}


def without_barred(cipher: Cipher, ids: Mapping[str, str], *, region: str | None = None) -> tuple[dict[str, str], bool]:
    """Those of somebody's ids, by kind, that may come in, and whether any may not."""
    kept = {kind: text for kind, text in ids.items() if not _is_barred(cipher, kind, text, region)}
    return kept, len(kept) < len(ids)


def barred_values(cipher: Cipher, kind: str, values: Iterable[str], *, region: str | None = None) -> set[str]:
    """Those of some ids of one kind, as they are written, that may not come in."""
    if not cipher.keys.leaves_anybody_alone():
        return set()
    forms = {value: _form(kind, value, region) for value in values}
    among = barred(cipher, kind, sorted({form for form in forms.values() if form is not None}), region=region)
    return {value for value, form in forms.items() if form in among}


def _is_barred(cipher: Cipher, kind: str, text: str, region: str | None) -> bool:
    return bool(barred_values(cipher, kind, [text], region=region))


def _looked_for(cipher: Cipher, ids: Iterable[tuple[str, str]], region: str | None) -> list[bytes]:
    """The marks under which ids may stand on the list: of their own kind, and of the address that they read as."""
    ways = [way for kind, text in ids for way in _ways(kind, _form(kind, text, region), region)]
    return _marks_of(cipher, ways)


def _marks_of(cipher: Cipher, ways: Iterable[tuple[str, str]]) -> list[bytes]:
    return [mark for kind, form in dict.fromkeys(ways) for mark in cipher.leave_alone_marks(kind, [form])]


def _ways(kind: str, form: str | None, region: str | None) -> list[tuple[str, str]]:
    """The kinds and forms that an id, in the one form of its kind, is known by."""
    if form is None:
        return []
    own = [] if kind in _NOBODYS else [(kind, form)]
    if kind in ("email", "phone"):
        return own
    other = "email" if "@" in form else "phone" if _could_be_phone(form) else ""
    read = _form(other, form, region) if other else None
    return own if read is None else [*own, (other, read)]


def _could_be_phone(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None and _LEAST <= sum(map(str.isdigit, text)) <= _MOST


def _form(kind: str, text: str, region: str | None) -> str | None:
    try:
        return canonical(kind, text, region=region)
    except BadInput:
        return None
