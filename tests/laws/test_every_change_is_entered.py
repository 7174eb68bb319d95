"""Every change has exactly one line in the audit log, with who did it and why; so has every try that was refused (I19).

First the source is read: what writes without `shop.change` is listed here with its reason. Then the verbs of the shop
and of the API are called, rightly and wrongly, and the lines are counted.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.shop.test_tastes import with_kinds
from tests.small_shop import ASKED, bakery
from tests.staff.working import GOOD, Member, cheaply, hired
from tests.web.asking import ask
from tests.web.test_staff_access import Browser

from goodwill.basics.errors import GoodwillError
from goodwill.shop import Shop
from goodwill.staff.roles import MAY, Role
from goodwill.storage import audit
from goodwill.web.application import OPERATIONS, application
from goodwill.web.keys import close_key, new_key

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"

# Function → why it writes without a line of its own.
WITHOUT = {
    "shop/shop.py change": "writes the line itself",
    "shop/deciding.py decide": "a decision stands in the person's own log",
    "shop/deciding.py _look_at_shelf": "looks at the catalogue",
    "shop/planning.py keep_starters": "what comes with goodwill; stands in the plan's own journal",
    "shop/shop.py explain": "the reading stands in the read log",
    "shop/shop.py decisions": "the reading stands in the read log",
    "shop/shop.py warm": "fetches what was learned",
    "shop/shop.py _shelf": "looks at the catalogue",
    "shop/shop.py _look_at_shelf": "looks at the catalogue",
    "shop/shop.py _at_the_door": "settles totals, which follow from the ledger and the log",
    "shop/shop.py own": "the reading stands in the read log",
    "shop/tastes.py hers": "the reading of totals that settled stands in the read log",
    "shop/looks.py _seen": "the reading stands in the read log",
    "shop/staff.py seen": "when a session was last used",
    "shop/staff.py tidy": "drops what has ended by itself",
    "shop/staff.py _reserve_keys": "counts a try; writes its line where it is refused",
    "shop/staff.py _failed": "writes the line of a try that failed",
    "shop/collecting.py _write": "what happened stands in the person's own log; whom it introduced has a line there",
    "shop/collecting.py _slow": "counts what came in; what it changed has its own line",
    "shop/storefront.py _count": "counts how banners are answered, never by whom",
    "shop/webhooks.py _put": "what came stands in the list of deliveries",
    "shop/webhooks.py work": "who works on a delivery",
    "shop/webhooks.py _work_on": "what became of it stands in the list of deliveries",
    "shop/webhooks.py tidy": "drops what has ended by itself",
    "shop/webhook_acts.py _simple": "what happened stands in the person's own log; whom it told of has a line there",
    "shop/webhook_acts.py _order": "what happened stands in the person's own log; whom it told of has a line there",
    "shop/told.py finished": "tells that a job is done",
    "shop/told.py tidy": "drops what was told long ago",
    "shop/told.py deliver": "a message that was entered when it was put down leaves; the list of messages says when",
    "shop/proofs.py _signed_whole": "hashes of what stands in the logs",
    "shop/proofs.py _new_generation": "hashes of what stands in the logs; the loss was entered before",
    "shop/proofs.py up_to": "hashes of what stands in the logs",
    "shop/proofs.py _note_refusal": "writes the line itself",
    "shop/sign_in.py tidy": "drops what has ended by itself",
    "shop/sign_in.py _touch": "when a browser was last seen",
    "shop/fulfilling.py _fulfil": "lets go of a request that could not be carried out; the try has its own line",
    **dict.fromkeys(
        (f"shop/erasure.py {step}" for step in ("_unname", "_clean", "_erase", "_note_totals", "_let_go")),
        "a step of an erasure, which was entered when it began",
    ),
    "shop/publishing.py keep_starters": "what comes with goodwill; each version says so, and since when",
    "shop/erasure.py _prove": "the proof stands with the erasure, which has its line",
    "shop/erasure.py follow": "looks whether another server renewed the keys",
    "shop/post.py deliver": "a letter that was entered when it was put down leaves; the outbox says when",
    "shop/reporting.py _keep": "keeps what was told of a period; it is about nobody",
    "web/desk.py _note_refused": "writes the line of a try that was refused",
    "web/desk.py _once": "remembers the answer to a repeated request",
    "web/keys.py _write_used": "when a key was last used",
    "app.py _tidy": "drops what has ended by itself",
}


def writers(source: str) -> Iterator[str]:
    """Functions that begin a transaction in which something may be written."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            inner = [one for part in node.body for one in ast.walk(part) if not isinstance(one, ast.FunctionDef)]
            if any(isinstance(one, ast.Attribute) and one.attr == "transaction" for one in inner):
                yield node.name


def test_a_writer_would_be_seen():
    assert list(writers("def f(shop):\n    with shop.database.transaction() as c:\n        c.execute(x)")) == ["f"]
    assert not list(writers("def f(shop):\n    with shop.change('a.b') as c:\n        c.execute(x)"))


def test_whatever_writes_enters_it_or_says_why_not():
    faces = [*SOURCE.glob("shop/*.py"), *SOURCE.glob("web/**/*.py"), *SOURCE.glob("cli/*.py"), SOURCE / "app.py"]
    found = {
        f"{path.relative_to(SOURCE).as_posix()} {name}"
        for path in faces
        if path.name != "store.py"
        for name in writers(path.read_text("utf-8"))
    }
    assert found - set(WITHOUT) == set(), "write in `shop.change`, or say here why not"
    assert set(WITHOUT) - found == set(), "gone; take it out"


# ---- the shop's verbs ------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(database, tmp_path, clock):
    made = cheaply(bakery(database, tmp_path, clock).shop)
    yield made
    made.close()


def count(shop: Shop) -> int:
    with shop.database.reading() as connection:
        return audit.last_position(connection)


def last(shop: Shop) -> audit.Line:
    with shop.database.reading() as connection:
        return audit.latest(connection, 1)[0]


WHY = "she asked on the phone"
GOES: dict[str, Callable[[Shop], object]] = {
    "consent.grant": lambda shop: shop.grant("amina", "offers", asked=ASKED),
    "consent.withdraw": lambda shop: shop.grant("amina", "recommendations", asked=ASKED, yes=False),
    "person.forget": lambda shop: shop.forget("c1"),
    "models.learn": lambda shop: shop.learn(),
    "person.reveal": lambda shop: shop.looks.reveal("amina", WHY),
    "person.export": lambda shop: shop.looks.copy("amina", WHY),
    "person.restrict": lambda shop: shop.identity.restrict("amina", WHY),
    "staff.sign-in": lambda shop: shop.staff.sign_in("mia@shop.example", GOOD),
    "staff.invite": lambda shop: shop.staff.invite("new@shop.example", "New", "analyst"),
    "staff.role": lambda shop: shop.staff.set_role("mia@shop.example", "analyst"),
    "staff.disable": lambda shop: shop.staff.disable("mia@shop.example"),
    "staff.enable": lambda shop: shop.staff.enable("mia@shop.example"),
    "staff.reset": lambda shop: shop.staff.reset("mia@shop.example"),
    "staff.drop-second-factor": lambda shop: shop.staff.drop_second_factor("mia@shop.example"),
    "segment.new": lambda shop: shop.segments.new("Quiet", "offers", {"is": "never", "what": "bought"}),
    "segment.change": lambda shop: shop.segments.change("Quiet", {"is": "never", "what": "opened"}),
    "segment.check": lambda shop: shop.segments.check("Quiet", "amina"),
    "segment.remove": lambda shop: shop.segments.remove("Quiet"),
    "key.create": lambda shop: new_key(shop, "till", ["read"]),
    "cost.add": lambda shop: shop.costs.add("media", "120.00"),
    "cost.undo": lambda shop: shop.costs.undo(1),
    "cost.rate": lambda shop: shop.costs.add_rate("USD", "0.9143", source="ECB"),
}
FAILS: dict[str, Callable[[Shop], object]] = {
    "consent.grant": lambda shop: shop.grant("amina", "recommendations", ["contact"], asked=ASKED),
    "person.reveal": lambda shop: shop.looks.reveal("amina", "no"),
    "person.export": lambda shop: shop.looks.copy("nobody", WHY),
    "staff.invite": lambda shop: shop.staff.invite("mia@shop.example", "Again", "analyst"),
    "staff.disable": lambda shop: shop.staff.disable("olga@shop.example"),
    "staff.sign-in": lambda shop: shop.staff.sign_in("mia@shop.example", "wrong"),
    "staff.set-up": lambda shop: shop.staff.set_up("nonsense", GOOD),
    "key.revoke": lambda shop: close_key(shop, "nothere"),
    "approval.approve": lambda shop: shop.staff.approvals.approve("nothere"),
    "import.undo": lambda shop: shop.intake.undo(99),
    "cost.add": lambda shop: shop.costs.add("media", "a lot"),
    "cost.undo": lambda shop: shop.costs.undo(99),
    "cost.rate": lambda shop: shop.costs.add_rate("USD", "0", source="ECB"),
    "segment.new": lambda shop: shop.segments.new("Town", "offers", {"is": "birthday", "within_days": 7}),
    "segment.check": lambda shop: shop.segments.check("none of these", "amina"),
}


def test_every_verb_leaves_exactly_one_line(shop):
    hired(shop, "owner", "olga@shop.example")
    hired(shop, "marketer", "mia@shop.example")
    for action, verb in GOES.items():
        before = count(shop)
        verb(shop)
        assert (count(shop) - before, last(shop).action, last(shop).outcome) == (1, action, "done")
    for action, verb in FAILS.items():
        before = count(shop)
        with pytest.raises(GoodwillError):
            verb(shop)
        assert (count(shop) - before, last(shop).action) == (1, action)
        assert last(shop).outcome != "done"


def test_the_line_says_who_and_why(shop):
    shop.acting(audit.Actor("staff 3", "she asked at the till")).grant("amina", "offers", asked=ASKED)
    assert (last(shop).actor, last(shop).reason) == ("staff 3", "she asked at the till")


# ---- over HTTP -------------------------------------------------------------------------------------------------------

LEFT_OUT = {
    "decide": "stands in the person's own log",
    "click": "the same",
    "count_rule": "the reading stands in the read log; a rule that is being written is asked again and again",
    "evaluate_slot": "the same",
    "evaluate_slots": "the same",
    "erase": "what `asking` asks for is a trial",
    "merge": "what `asking` asks for is one already",
    "tell_taste": "it is asked of somebody whom nobody knows; of others: the test below",
    "verdict": "nothing was chosen here that could be judged; where something was: the test below",
}
CHANGES = [one for one in OPERATIONS if one.method != "GET" and not one.free and one.name not in LEFT_OUT]
LOOKS = [one for one in OPERATIONS if one.method == "GET" and one.may is not None and one.name != "export"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    from tests.web.conftest import furnish

    from goodwill.app import create_shop

    home = tmp_path_factory.mktemp("entered") / "home"
    shop = furnish(cheaply(create_shop(home, base_url="https://shop.example", columns="database")))
    with TestClient(application(shop)) as client:
        yield shop, client
    shop.close()


_CALLED = iter(range(1_000))
_HIRED: dict[str, Member] = {}


def member_of(shop: Shop, name: str, role: str) -> Member:
    """Somebody with a role, who is signed in; the same as before where her session still opens something."""
    if name not in _HIRED or shop.staff.session(_HIRED[name].token) is None:
        _HIRED[name] = hired(shop, role, f"{name}{next(_CALLED)}@shop.example", factor=True)
    return _HIRED[name]


def asked(house: tuple[Shop, Any], operation: Any, role: str) -> tuple[Any, int]:
    """One good request of somebody with a role; how many lines it left."""
    shop, client = house
    member = member_of(shop, role, role)
    other = shop.staff.invite(f"other{next(_CALLED)}@shop.example", "Other", "analyst").account.id
    session = shop.staff.session(member_of(shop, "asks", "owner").token)
    assert session
    waits = shop.acting(session.actor()).staff.approvals.ask("export", {"people": "all"}, reason="we move elsewhere")
    before = count(shop)
    answer = ask(
        Browser(client, member),
        operation,
        account=other,
        approval=waits.id,
        request=shop.rights.queue()[-1].id,
    )
    return answer, count(shop) - before


def test_what_she_likes_leaves_exactly_one_line_each_time(tmp_path, database, clock):
    small = bakery(database, tmp_path / "home", clock, then=with_kinds)
    for action, change in (
        ("taste.tell", lambda: small.shop.taste.tell("dev", ["Deli"])),
        ("taste.take-away", lambda: small.shop.taste.take_away("dev")),
    ):
        before = count(small.shop)
        change()
        assert (count(small.shop) - before, last(small.shop).action) == (1, action)
        assert last(small.shop).person == small.person["dev"]
    small.shop.close()


def test_a_verdict_leaves_exactly_one_line(tmp_path, database, clock):
    small = bakery(database, tmp_path / "home", clock, then=Shop.learn)
    made = small.shop.decide("amina", "home")
    before = count(small.shop)
    small.shop.centre.judge(small.person["amina"], made.id, made.items[0].product, "less")
    assert (count(small.shop) - before, last(small.shop).action) == (1, "decision.judge")
    small.shop.close()


@pytest.mark.parametrize("operation", CHANGES, ids=lambda one: one.name)
def test_a_change_over_http_leaves_exactly_one_line(house, operation):
    answer, lines = asked(house, operation, "owner")
    assert lines == 1, answer.text
    assert last(house[0]).actor.startswith("staff ")


@pytest.mark.parametrize("operation", [one for one in CHANGES if one.may and one.tag], ids=lambda one: one.name)
def test_a_change_that_the_role_refuses_leaves_one_line_too(house, operation):
    answer, lines = asked(house, operation, "analyst")
    if answer.status_code == 403:
        assert lines == 1
        assert (last(house[0]).outcome, last(house[0]).detail["role"]) == ("NotAllowed", "analyst")
    else:
        assert operation.may in MAY[Role.ANALYST]


@pytest.mark.parametrize("operation", LOOKS, ids=lambda one: one.name)
def test_looking_leaves_none(house, operation):
    _, lines = asked(house, operation, "owner")
    assert lines == 0
