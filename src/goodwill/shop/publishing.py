"""Notices from draft to what everybody sees: linted, signed off, published, shown with a token, kept for ever."""

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from goodwill.basics.clock import Micros, micros
from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.basics.language import is_language
from goodwill.consent import Asked, published
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
    on_pages,
    shown_of,
    starters,
)
from goodwill.consent.published import Signature, Version
from goodwill.consent.snapshot import BadSnapshot, Fault, Snapshot, Snapshots
from goodwill.consent.wording import Judged, judge
from goodwill.people.canonical import canonical
from goodwill.shop.who import Who
from goodwill.storage.engine import NOTICES, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_GOODWILL = "goodwill"  # who stands for what comes with it, until somebody of the shop does
_SNAPSHOT = "snapshot"  # name of the secret that tokens are signed with


@dataclass(frozen=True, slots=True)
class Listed:
    """One notice in one language and region, as it stands.

    Attributes:
        state: published · signed-off · draft · changed (a draft that differs from what is published) · starter (it came
            with goodwill and is what customers see, as the shop has published none; nobody of the shop signed it off).
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


@dataclass(frozen=True)
class Publishing:
    """A shop's notices and what becomes of them."""

    shop: "Shop"

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
        return shown_of(found[0].document, version, origin=found[0].origin)

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
            own = {one.notice for one in published.versions_of(connection) if one.origin == published.SHOP}
            return [self._listed(connection, draft, own) for draft in self.drafts()]

    def _listed(self, connection: Connection, draft: Draft, own: Collection[str]) -> Listed:
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
        elif same:
            state = "draft" if draft.key in own else "starter"
        else:
            state = "changed" if last is not None else "draft"
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
            self._keep_on_pages(change.connection, made)
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
        return shown_of(found.document, found.version, origin=found.origin)

    def check_asked(self, connection: Connection, asked: Asked) -> None:
        """Refuse a claimed yes of which nobody could find out later what she was shown.

        Raises:
            BadInput: the language is none; or the notice is not one of the shop's, and its words were not given either.
        """
        if asked.proof is not None:
            raise BadInput("shop.grant writes claims; what is proven comes with its snapshot: shop.notices.answer.")
        if asked.language is not None and not is_language(asked.language):
            raise BadInput(f"'{asked.language[:40]}' is no language tag (BCP 47). Write one such as en or de-CH.")
        if asked.confirmed_at is not None:
            _check_moment(asked.confirmed_at, self.shop.clock())
        if asked.notice is None or asked.words is not None:
            return
        kept = published.versions_of(connection)
        known = {name for one in kept for name in _names_of(one)} | {draft.key for draft in self.drafts()}
        if asked.notice not in known:
            there = ", ".join(sorted(f"{one.notice}@{one.version}" for one in kept)) or "none"
            raise BadInput(
                f"No notice '{asked.notice[:80]}' is known here; there are: {there}. If it was shown elsewhere, on a "
                "card or in another system, give the words that were shown as well."
            )

    # ---- showing ---------------------------------------------------------------------------------------------------

    def current(self, language: str = "", region: str = "", *, key: str = BANNER, to: Who | None = None) -> Shown:
        """The notice to show now, with a token that ties the answer to it.

        Of what is published it is the nearest: the region before its country before everywhere, the language before its
        plain form before the shop's first one. A shop that published nothing shows what comes with goodwill, and
        `Shown.origin` says so: nobody of the shop has signed that off.

        Args:
            to: whom it is shown to, where that is known; nobody else can answer with the token then.

        Raises:
            NotFound: there is no notice of that key.
        """
        with self.shop.database.reading() as connection:
            versions = published.versions_of(connection, key)
        own = [one for one in versions if one.origin == published.SHOP]
        newest = {(one.language, one.region): one for one in own}
        chosen = _nearest(newest, language, region) or self._starter(key, language, region, versions)
        return self._offered(chosen, to)

    def on_pages(self, language: str = "", region: str = "") -> Shown | None:
        """The banner for a web page, with its token; None where all that it asks needs an address.

        It is the current banner without news by e-mail: a notice of its own, so that a row leads to what was shown.
        """
        document = on_pages(self.current(language, region).document, self.shop.register)
        if document is None:
            return None
        with self.shop.database.reading() as connection:
            kept = published.by_hash(connection, hash_of(document))
        if kept is None:  # the register changed since the shop was opened
            raise NotFound("This notice is not ready for web pages yet; start the server again.")
        return self._offered(kept)

    def _offered(self, chosen: Version, to: Who | None = None) -> Shown:
        kind, value = next(iter(to.words.items()), ("", "")) if to is not None else ("", "")
        snapshot = Snapshot(
            chosen.notice, chosen.version, chosen.language, chosen.region, chosen.hash, self.shop.clock(), kind,
            self._snapshots.person(kind, same_id(kind, value)) if kind else "",
        )  # fmt: skip
        return shown_of(chosen.document, chosen.version, token=self._snapshots.make(snapshot), origin=chosen.origin)

    def page(self, document: Document) -> Shown:
        """What a page of ours shows, with a token; it is kept, like a notice, with the first answer to it."""
        snapshot = Snapshot(
            document["notice"], 0, document["language"], document["region"], hash_of(document), self.shop.clock()
        )
        return shown_of(document, 0, token=self._snapshots.make(snapshot), origin=published.STARTER)

    def keep_starters(self) -> None:
        """Enter what comes with goodwill among the versions, so that it can be shown and found without writing.

        When the shop is opened: words of a newer goodwill, or of a register that was changed, are a further version.
        So is what web pages show of the shop's own banners.
        """
        with self.shop.database.reading() as connection:
            kept = published.versions_of(connection)
        known, own = {one.hash for one in kept}, [one for one in kept if one.origin == published.SHOP]
        starting = [*self._starters()]
        wanted = [*starting, *(on_pages(one, self.shop.register) for one in starting if one["notice"] == BANNER)]
        missing = [document for document in wanted if document is not None and hash_of(document) not in known]
        behind = [one for one in own if _needs_twin(one) and not self._is_on_pages(one, known)]
        if missing or behind:
            with self.shop.database.transaction() as connection:
                for document in missing:
                    self._keep(connection, document)
                for one in behind:
                    self._keep_on_pages(connection, one)

    def _is_on_pages(self, version: Version, known: Collection[str]) -> bool:
        document = on_pages(version.document, self.shop.register)
        return document is None or hash_of(document) in known

    def _keep_on_pages(self, connection: Connection, version: Version) -> None:
        """Enter what web pages show of a banner, under the signature of whoever signed the whole."""
        document = on_pages(version.document, self.shop.register) if _needs_twin(version) else None
        if document is not None and published.by_hash(connection, hash_of(document)) is None:
            signed = Signature(hash_of(document), version.signed_by, version.signed_at)
            published.publish(connection, document, signed, by=version.published_by, now=self.shop.clock())

    def _starter(self, key: str, language: str, region: str, versions: "Sequence[Version]") -> Version:
        """The nearest of what comes with goodwill."""
        kept = {one.hash: one for one in versions}
        there = [kept[hash_of(document)] for document in self._starters() if hash_of(document) in kept]
        chosen = _nearest({(one.language, one.region): one for one in there if one.notice == key}, language, region)
        if chosen is None:
            raise NotFound(f"No notice '{key}' is published. Put one into the folder notices, sign it off, publish it.")
        return chosen

    def _starters(self) -> Iterator[Document]:
        """What comes with goodwill, in the languages that the register speaks."""
        for draft in starters(self.shop.register):
            with suppress(BadInput):
                yield document_of(draft, self.shop.register)

    def _keep(self, connection: Connection, document: Document) -> Version:
        """Enter words that nobody of the shop signed off, unless they are there."""
        one_at_a_time(connection, NOTICES)
        named, now = hash_of(document), self.shop.clock()
        return published.by_hash(connection, named) or published.publish(
            connection, document, Signature(named, _GOODWILL, now), by=_GOODWILL, now=now, origin=published.STARTER
        )

    def _kept(self, connection: Connection, shown: Shown | None, page: Document | None) -> Shown | None:
        """The same, as it is kept: a page of ours is, from its first answer on."""
        if shown is None or page is None or shown.hash != hash_of(page):
            return shown
        return replace(shown, version=self._keep(connection, page).version)

    @property
    def _snapshots(self) -> Snapshots:
        return Snapshots(self.shop.keys.secret(_SNAPSHOT), self.shop.settings.shop_id)

    def _opened(self, who: Who, token: str, now: Micros, page: Document | None = None) -> tuple[Snapshot, Shown]:
        """What a token says was shown, checked against what is kept, or against what a page of ours shows now.

        Raises:
            BadSnapshot: it is not of this shop, changed, too old, somebody else's, or of a notice never shown here.
        """
        snapshot = self._snapshots.open(token, now=now)
        if snapshot.kind:
            value = who.words.get(snapshot.kind)
            if value is None or not hmac.compare_digest(
                self._snapshots.person(snapshot.kind, same_id(snapshot.kind, value)), snapshot.person
            ):
                raise BadSnapshot(Fault.OTHER_PERSON)
        with self.shop.database.reading() as connection:
            found = published.by_hash(connection, snapshot.hash)
        document = found.document if found is not None else page
        place = (snapshot.notice, snapshot.language, snapshot.region)
        if document is None or (document["notice"], document["language"], document["region"]) != place:
            raise BadSnapshot(Fault.OTHER_NOTICE)
        if hash_of(document) != snapshot.hash:
            raise BadSnapshot(Fault.OTHER_NOTICE)
        return snapshot, shown_of(document, snapshot.version or (found.version if found is not None else 0))


def _needs_twin(version: Version) -> bool:
    return version.notice == BANNER


def same_id(kind: str, value: str) -> str:
    """An id in the one form that it is known by."""
    return canonical(kind, value) or value


_Kept = TypeVar("_Kept")


def _nearest(kept: Mapping[tuple[str, str], _Kept], language: str, region: str) -> _Kept | None:
    """Of some languages and regions the one that fits best: the place counts more than the language."""
    languages = dict.fromkeys([language, language.partition("-")[0], "en", *sorted(code for code, _ in kept)])
    regions = dict.fromkeys([region, region.partition("-")[0], ""])
    found = (kept[code, place] for place in regions for code in languages if (code, place) in kept)
    return next(found, None)


def _check_moment(text: str, now: Micros) -> None:
    """Whether something is a moment that has been; one without a zone is none."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        said = None
    if said is None or said.tzinfo is None or micros(said) > now:
        raise BadInput(
            f"confirmed_at says when an address was confirmed: a moment with its zone that has been, such as "
            f"2026-11-22T09:30:00Z, not '{text[:40]}'."
        )


def _names_of(version: Version) -> Iterator[str]:
    """All that a row of the ledger may call a notice."""
    yield version.notice
    yield f"{version.notice}@{version.version}"
    yield f"{version.notice}@{version.version}#{version.hash}"


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
