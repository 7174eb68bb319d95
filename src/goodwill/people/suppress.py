"""Whom the shop leaves alone: ids kept as hashes, so that nobody on the list is written to or brought in again.

The hashes stand under a secret of their own that lasts, in the key store, which outlives the person's key and an older
database that is put back. Three reasons put an id there: an erasure, which also keeps the id from coming in again, and
an unsubscribe or an objection, which only stop mail. Only the person's own new word takes it off.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from goodwill.basics.errors import BadInput
from goodwill.people.canonical import canonical
from goodwill.protect import Cipher

ERASURE, UNSUBSCRIBE, OBJECTION = "erasure", "unsubscribe", "objection"
# A mark of a browser says nothing about who comes with it next.
_NOBODYS = frozenset({"anonymous_id"})


def marks(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> list[bytes]:
    """What ids, each a kind and a text, are known by on the list."""
    found = []
    for kind, text in ids:
        form = _form(kind, text, region)
        if form is not None and kind not in _NOBODYS:
            found += cipher.leave_alone_marks(kind, [form])
    return found


def suppressed(_: Connection, cipher: Cipher, kind: str, value: str, *, region: str | None = None) -> bool:
    """Whether nobody may be written to at an address; asked inside the transaction that would write."""
    return bool(cipher.keys.left_alone(marks(cipher, [(kind, value)], region=region)))


def suppress(cipher: Cipher, ids: Iterable[tuple[str, str]], why: str, *, region: str | None = None) -> None:
    """Put ids on the list."""
    cipher.keys.leave_alone(marks(cipher, ids, region=region), why)


def lift(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> int:
    """Take ids off the list because the person herself said so, and tell how many stood there."""
    return cipher.keys.leave_alone_no_more(marks(cipher, ids, region=region))


def let_in(cipher: Cipher, ids: Iterable[tuple[str, str]], *, region: str | None = None) -> None:
    """Let ids of somebody who was erased be known again because she herself came back; mail waits for a yes of hers."""
    cipher.keys.leave_alone_for_mail_only(marks(cipher, ids, region=region))


def barred(cipher: Cipher, kind: str, forms: Sequence[str]) -> set[str]:
    """Those of some ids, in their one form, that an erasure keeps from coming in again."""
    if kind in _NOBODYS or not forms or not cipher.keys.leaves_anybody_alone():
        return set()
    known: Mapping[bytes, str] = dict(zip(cipher.leave_alone_marks(kind, forms), forms, strict=True))
    return {known[mark] for mark, why in cipher.keys.left_alone(known).items() if why == ERASURE}


def without_barred(cipher: Cipher, ids: Mapping[str, str], *, region: str | None = None) -> tuple[dict[str, str], bool]:
    """Those of somebody's ids, by kind, that may come in, and whether any may not."""
    kept = {kind: text for kind, text in ids.items() if not _is_barred(cipher, kind, text, region)}
    return kept, len(kept) < len(ids)


def barred_values(cipher: Cipher, kind: str, values: Iterable[str], *, region: str | None = None) -> set[str]:
    """Those of some ids of one kind, as they are written, that may not come in."""
    if not cipher.keys.leaves_anybody_alone():
        return set()
    forms = {value: _form(kind, value, region) for value in values}
    among = barred(cipher, kind, sorted({form for form in forms.values() if form is not None}))
    return {value for value, form in forms.items() if form in among}


def _is_barred(cipher: Cipher, kind: str, text: str, region: str | None) -> bool:
    return bool(barred_values(cipher, kind, [text], region=region))


def _form(kind: str, text: str, region: str | None) -> str | None:
    try:
        return canonical(kind, text, region=region)
    except BadInput:
        return None
