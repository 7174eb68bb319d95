"""The office's pages about people: a list, and one person's time with the shop; masked, and each look is noted.

Whom somebody looks for is sent in a form's body: an address never stands in one of ours, nor in anybody's history.
"""

from collections.abc import Mapping
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from goodwill.basics.clock import DAY, date_of, day_of
from goodwill.basics.errors import BadInput, GoodwillError, NotFound
from goodwill.basics.ids import PersonId
from goodwill.basics.words import ago, number
from goodwill.collect.report import why_not
from goodwill.people.candidates import Candidate
from goodwill.people.contact import MayContact
from goodwill.shop import Shop, Who
from goodwill.shop.life import KINDS, Life, Moment
from goodwill.shop.looks import Known
from goodwill.shop.reached import reached
from goodwill.staff import Act, Session
from goodwill.staff.roles import MAY
from goodwill.web.aside import Broke
from goodwill.web.desk import Desk
from goodwill.web.jobs import Done, Job
from goodwill.web.office import Office, address_with
from goodwill.web.problems import problem_of
from goodwill.web.rooms import PEOPLE
from goodwill.web.staff_pages import CODE, Reply, Visit, route

PAGE: Final = 50
MOST_PAIRS: Final = 10
SHOWN: Final = 50  # moments of a life at once
_LONGEST: Final = 18  # digits of a number
_NAMES: Final = ("name", "first_name", "last_name")
_WORDS: Final[Mapping[str, str]] = {
    "orders": "Orders", "visits": "Visits", "letters": "Letters", "choices": "What was chosen", "consent": "What was "
    "said on consent", "other": "The rest",
}  # fmt: skip


class PeoplePages(Office):
    """The pages of one shop about its people."""

    # ---- the list ----------------------------------------------------------------------------------------------------

    def list_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        """People, who came last first."""
        session = self._admitted(visit, Act.READ)
        shop = self.desk.shop.acting(session.actor())
        contact = self.desk.contacts.now()
        reasons = contact.why_not if contact is not None else {}
        reason = visit.query.get("may", "")
        reason = reason if reason == "yes" or reason in reasons else ""
        page = shop.looks.page(below=_person(visit.query.get("after", "")), reason=reason, limit=PAGE)
        asked = {"may": reason}
        return self._room(
            "people", PEOPLE, visit, session, status, asked=asked, wrong=wrong, reason=reason,
            known=contact is not None,
            facets=[
                (address_with(PEOPLE, {"may": why} if why else {}), why, *more) for why, *more in _facets(contact)
            ],
            rows=[self._row(one) for one in page.people], first="after" not in visit.query,
            more=address_with(PEOPLE, {**asked, "after": str(page.after)}) if page.after else "",
            top=address_with(PEOPLE, asked), empty=contact is not None and not contact.of, **self._alike(session),
        )  # fmt: skip

    def _alike(self, session: Session) -> dict[str, Any]:
        """Pairs who are probably one person, for whoever may make one of them; the list never waits for it."""
        if Act.WHO_IS_WHO not in MAY[session.account.role]:
            return {"may_merge": False}
        shop = self.desk.shop
        hour, holds = shop.clock() // (DAY // 24), reached(shop)[2]  # a merge, as an erasure, leaves a row there
        try:
            found = self.desk.jobs.of("alike", hour, _candidates, patience=0, keep=True, state=holds)
        except (GoodwillError, Broke):
            return {"may_merge": True, "failed": True, "looking": False, "pairs": []}
        pairs = found.value if isinstance(found, Done) else []
        return {
            "may_merge": True, "failed": False, "looking": isinstance(found, Job),
            "more_pairs": len(pairs[MOST_PAIRS:]),
            "pairs": [(f"{PEOPLE}/{one.keep}", f"{PEOPLE}/{one.other}", one) for one in pairs[:MOST_PAIRS]],
        }  # fmt: skip

    def find(self, visit: Visit) -> Reply:
        """Go to the one person of an id or an address."""
        self._check(visit)
        session = self._admitted(visit, Act.READ)
        shop, text = self.desk.shop.acting(session.actor()), visit.said("who").strip()
        try:
            person = shop.known(_named(shop, text))
        except GoodwillError as error:
            wrong = f"Nobody is known as “{text[:60]}”. An id is written as in the shop's own files."
            listed = Visit("GET", visit.headers, visit.form, {}, visit.address)
            return self.list_page(listed, wrong if isinstance(error, NotFound) else str(error), 404)
        return Reply(location=f"{PEOPLE}/{person}")

    # ---- one person --------------------------------------------------------------------------------------------------

    def one_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        """One person's time with the shop, masked."""
        session = self._admitted(visit, Act.READ)
        shop = self.desk.shop.acting(session.actor())
        person = self._asked_for(shop, visit)
        if str(person) != visit.query["person"]:
            return Reply(location=f"{PEOPLE}/{person}")
        return self._life(visit, session, shop.looks.life(Who(id=person)), wrong, status)

    def reveal(self, visit: Visit) -> Reply:
        """The same in clear, for whoever says why; the page is not kept, and she can see that it was done."""
        self._check(visit)
        session = self._admitted(visit, Act.REVEAL)
        if Act.REVEAL not in session.acts:
            return Reply(location=CODE)
        shop = self.desk.shop.acting(session.actor())
        person = self._asked_for(shop, visit)
        try:
            life = shop.looks.reveal_life(Who(id=person), visit.said("reason"))
        except GoodwillError as error:
            return self.one_page(visit, str(error), problem_of(error).kind.status)
        return self._life(visit, session, life)

    def _asked_for(self, shop: Shop, visit: Visit) -> PersonId:
        person = _person(visit.query["person"])
        if person is None:
            raise NotFound("Nobody has that number here.")
        return shop.known(Who(id=person))

    def _life(self, visit: Visit, session: Session, life: Life, wrong: str = "", status: int = 200) -> Reply:
        role, outline = session.account.role, life.outline
        path = f"{PEOPLE}/{outline.person}"
        wanted = [kind for kind in KINDS if kind in visit.query] or list(KINDS)
        chosen = [one for one in life.moments if one.kind in wanted]
        begins = int(said) if (said := visit.query.get("from", "")).isdecimal() and len(said) < 8 else 0
        kept = {kind: "1" for kind in wanted if len(wanted) < len(KINDS)}
        onward = {**kept, "from": str(begins + SHOWN)} if len(chosen) > begins + SHOWN else {}
        title = _title(outline.known_as, tuple(outline.profile.items()), outline.person)
        return self._room(
            "person", path, visit, session, status, asked={}, trail=((PEOPLE, "People"), (path, title)), wrong=wrong,
            title=title, life=life, kinds=[(kind, _WORDS[kind], kind in wanted) for kind in KINDS],
            receipts=_plain_id(outline.known_as) if Act.READ_CONSENT in MAY[role] else "",
            moments=[self._moment(one) for one in chosen[begins : begins + SHOWN]], begins=begins, of=len(chosen),
            onward=address_with(path, onward) if onward else "", top=address_with(path, kept),
            allows=[
                (name, answer.allowed, answer.reason.replace("-", " "), self._date(answer.since))
                for name, answer in outline.allows
            ],
            traits=[(one, self._date(one.changed_at)) for one in life.traits],
            kept_back=", ".join(f"{number(count)} of {what}" for what, count in sorted(life.hidden.items())),
            may_reveal=Act.REVEAL in MAY[role] and not outline.in_clear, may_export=Act.EXPORT in MAY[role],
            may_erase=Act.ERASE in MAY[role],
        )  # fmt: skip

    # ---- in words ----------------------------------------------------------------------------------------------------

    def _row(self, one: Known) -> dict[str, Any]:
        return {
            "path": f"{PEOPLE}/{one.person}", "name": _title(one.known_as, one.known_as, one.person),
            "as": ", ".join(value for kind, value in one.known_as if kind not in ("user_id", *_NAMES)),
            "may": one.reason == "yes",
            "why": "May be e-mailed" if one.reason == "yes" else f"No: {why_not(one.reason, 1)}",
            "seen": self._date(one.last_at), "age": self._age(one.said_at),
        }  # fmt: skip

    def _moment(self, one: Moment) -> dict[str, Any]:
        return {
            "kind": one.kind, "words": _WORDS[one.kind], "what": one.what, "more": one.more, "position": one.position,
            "at": self._clock_time(one.at) if one.at else "time not given", "decision": one.decision,
        }  # fmt: skip

    def _date(self, at: int | None) -> str:
        if at is None:
            return ""
        return str(date_of(day_of(at, self.settings.zone))) if at else "time not given"

    def _age(self, said_at: int | None) -> str:
        """How long ago somebody said so."""
        if not said_at:
            return "" if said_at is None else "time not given"
        return ago(max(0, int(self.desk.shop.clock()) - said_at) // DAY)


def _candidates(shop: Shop) -> list[Candidate]:
    return shop.identity.candidates()


def _facets(contact: MayContact | None) -> list[tuple[str, str, int]]:
    """Whom one may choose to see: a reason, its words, and how many there are."""
    if contact is None:
        return []
    reasons = [(why, why_not(why, count), count) for why, count in contact.why_not.items() if why != "left-alone"]
    return [("", "in all", contact.of), ("yes", "may be e-mailed", contact.yes), *reasons]


def _title(known_as: tuple[tuple[str, str], ...], fields: tuple[tuple[str, str], ...], person: PersonId) -> str:
    """What somebody is called on a page: her masked name, the shop's own id, or her number."""
    names = {kind: value for kind, value in fields if kind in _NAMES}
    name = names.get("name") or " ".join(names[part] for part in _NAMES[1:] if part in names)
    own = next((value for kind, value in known_as if kind == "user_id"), "")
    return " · ".join(part for part in (own, name) if part) or f"id:{person}"


def _plain_id(known_as: tuple[tuple[str, str], ...]) -> str:
    """The shop's own id, where whoever looks sees it whole; "" where not."""
    return next((value for kind, value in known_as if kind == "user_id" and "…" not in value and "@" not in value), "")


def _person(said: str) -> PersonId | None:
    return PersonId(int(said)) if said.isdecimal() and len(said) <= _LONGEST else None


def _named(shop: Shop, text: str) -> Who:
    """Whom a text names; an id is tried before an address, because some shops use addresses as ids.

    Raises:
        BadInput: nobody can be meant by it.
    """
    if not text:
        raise BadInput("Say whom you look for: an id of the shop's own, or an e-mail address.")
    if text.startswith("id:") and (person := _person(text[3:])) is not None:
        return Who(id=person)
    if "@" in text and shop.find(Who(user_id=text)) is None:
        return Who(email=text)
    return Who(user_id=text)


# ---- routes ----------------------------------------------------------------------------------------------------------


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes about people."""
    made = PeoplePages(desk)
    return [
        route(made, PEOPLE, "GET", made.list_page),
        route(made, f"{PEOPLE}/find", "POST", made.find, apart=False),
        route(made, f"{PEOPLE}/{{person:str}}", "GET", made.one_page),
        route(made, f"{PEOPLE}/{{person:str}}/reveal", "POST", made.reveal, apart=False),
    ]
