"""Whatever the program has a name for, a customer is told in words of her own language."""

import ast
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import goodwill
from goodwill.access.wishes import LANGUAGE, LESS_OFTEN, PAUSE
from goodwill.basics.clock import DAY
from goodwill.basics.ids import PersonId, Position
from goodwill.collect import corrections, undo
from goodwill.collect.connectors import store as deliveries
from goodwill.consent import Evidence, Row, State, opt_in
from goodwill.people import erase, erasures, merge, pending, registry, restrict, retention, types, unmerge
from goodwill.people.verdicts import Verdict
from goodwill.purposes import Category, Purpose, shipped
from goodwill.reach import store as outbox
from goodwill.reach.webhooks import store as hooks
from goodwill.reach.webhooks.outbox import TEST, TOPICS
from goodwill.rights import request
from goodwill.shop import copy_pdf
from goodwill.shop.telling import Telling, language_of
from goodwill.shop.words import catalogues
from goodwill.staff.roles import Role

SOURCE = Path(goodwill.__file__).parent
BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1_790_000_000_000_000
OF_STAFF = ("staff.", "key.", "keys.", "notice.", "approval.", "log.", "models.", "import.",
            "slot.", "experiment.", "holdout.", "plan.", "offer.", "content.")  # fmt: skip
OF_SYSTEMS = {
    f"webhook.{verb}" for verb in ["add", "close", "replay", "revoke", "rotate", "tell", "tell-no-more", "test"]
} | {"cost.add", "cost.rate", "cost.undo", "retention.tidy", "segment.new", "segment.change", "segment.remove"}


@pytest.fixture(params=sorted(catalogues()))
def telling(request):
    return Telling(catalogues()[request.param], shipped())


def row(how="import", evidence=Evidence.CLAIMED, state=State.GIVEN, said_at=NOON, recorded_at=NOON):
    asked = f'{{"how":"{how}"}}'
    return Row(Position(1), PersonId(1), Purpose("offers"), Category("purchases"), state, said_at, recorded_at, None,
               evidence, None, asked, None)  # fmt: skip


@cache
def all_calls():
    """Every call in the source, by the name of the function or method."""
    found = defaultdict(list)
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                found[getattr(node.func, "attr", getattr(node.func, "id", ""))].append(node)
    return found


def calls(name):
    return all_calls()[name]


def text_of(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@cache
def actions():
    """Every act that the audit log may tell of a person."""
    named = [text_of(call.args[0]) for name in ("change", "_changing", "Entry", "_clear") for call in calls(name)
             if call.args] + [text_of(call.args[1]) for call in calls("_changing") if len(call.args) > 1]  # fmt: skip
    said = {action for action in named if action and "." in action}
    return {action for action in said if not action.startswith(OF_STAFF)} - OF_SYSTEMS


def test_every_act_about_a_customer_has_words(telling):
    assert {"person.reveal", "request.pause", "wish.change"} < actions()
    unsaid = [action for action in actions() if not telling.words.has(f"action.{action}")]
    assert not unsaid
    assert telling.action("zebra.count") == telling.words.texts["action.other"]


def test_every_way_of_asking_that_goodwill_itself_names_has_words(telling):
    named = {text_of(key.value) for call in (*calls("Asked"), *calls("Answered")) for key in call.keywords
             if key.arg == "how"}  # fmt: skip
    hows = {how for how in named if how} | {"page", "api", "staff", "import", "gpc header", "gpc script", "shopify"}
    assert {"forget", "request", "square"} < hows
    assert not [how for how in hows if telling.how(row(how)) == how]


def test_what_the_shop_named_itself_is_said_as_it_is(telling):
    assert telling.how(row("the till by the door")) == "the till by the door"
    assert telling.fact("loyalty") == "loyalty"
    assert telling.kind("abo-nr") == "abo-nr"


def test_every_state_has_words_and_a_claim_other_ones_than_a_proof(telling):
    for state in State:
        proven, claimed = (
            telling.answer(row(state=state, evidence=grade)) for grade in (Evidence.PROVEN, Evidence.CLAIMED)
        )
        assert state.value not in (proven, claimed)
        if state is not State.INVALIDATED:
            assert proven != claimed
    assert len({telling.evidence(row(evidence=grade)) for grade in Evidence}) == len(Evidence)


def test_a_yes_confirmed_by_mail_says_so(telling):
    said = telling.how(row("banner accept, confirmed by mail"))
    assert said.startswith(telling.how(row("banner accept")))
    assert "confirmed by mail" not in said
    assert "," in said


def test_a_row_is_noted_later_where_the_days_differ(telling):
    assert not telling.noted_later(row(), BERLIN)
    assert telling.noted_later(row(recorded_at=NOON + DAY), BERLIN)
    assert telling.noted_later(row(said_at=0), BERLIN)


def test_wishes_are_said_in_words(telling):
    assert telling.value(LESS_OFTEN, "yes") in ("yes", "ja")
    assert telling.value(LANGUAGE, "de") == "Deutsch"
    assert telling.value(LANGUAGE, "Plattdeutsch") == "Plattdeutsch"


def names(room, *wanted):
    return {getattr(room, name) for name in wanted}


# What the program may write into a column that paper tells of, by the group of words.
NAMED = {
    "event": set(types.BY_NAME),
    "state": set(State), "noted": set(State), "evidence": set(Evidence),
    "sent_state": names(outbox, "WAITING", "SENDING", "SENT", "UNKNOWN", "GIVEN_UP")
    | names(hooks, "WAITING", "SENDING", "SENT", "GIVEN_UP")
    | names(deliveries, "NEW", "WORKING", "DONE", "DROPPED", "REFUSED", "FAILED"),
    "topic": {*TOPICS, TEST, "other"},
    "opt_in": names(opt_in, "PENDING", "CONFIRMED", "REPLACED"),
    "erasure": set(erasures.State),
    "letter": {file.stem for file in (SOURCE / "reach/templates/en").glob("*.j2")} - {"words"} | {"other"},
    "verdict": set(Verdict),
    "role": {*Role, "command line", "program", "staff"},
    "kept": {one.name for one in registry.told()}, "table": {one.name for one in registry.told()},
    "fact": {*tomllib.loads((SOURCE / "collect/words.toml").read_text("utf-8"))["kind"]["customers"]["fields"],
             LANGUAGE, LESS_OFTEN, PAUSE} - {"customer", "email", "phone"},
    "moved": {"identity", "field", "dropped", "row"},
    "request_state": {state.replace(" ", "_") for state in request.State} | {"paused"},
}  # fmt: skip


@pytest.mark.parametrize("group", NAMED)
def test_words_are_there_for_exactly_what_the_program_writes(telling, group):
    there = {key.removeprefix(f"{group}.") for key in telling.words.texts if key.startswith(f"{group}.")}
    assert there == {str(name) for name in NAMED[group]}


def test_every_reason_to_set_data_aside_has_words(telling):
    reasons = [erase.REASON, erase.GONE, pending.REASON, restrict.REASON, retention.REASON, merge.reason(1, 2),
               unmerge.reason(3), corrections.reason(4), undo.reason(3), "correction by webhook 9"]  # fmt: skip
    said = [telling.hold(reason) for reason in reasons]
    assert telling.words.texts["hold.other"] not in said
    assert not set(said) & set(reasons)


def test_paper_tells_of_every_table():
    """A new table that tells of people is told on paper too, by columns that it really has."""
    told = {one.name: {column.name for column in one.shown} for one in registry.told()}
    assert told.keys() == copy_pdf.TOLD | copy_pdf.ROWS.keys()
    assert not copy_pdf.TOLD & copy_pdf.ROWS.keys()
    for table, columns in copy_pdf.ROWS.items():
        assert {name for name, _, _ in columns} <= told[table], table


def test_a_language_without_words_gives_way_to_the_shops():
    assert language_of("de", "fr", None) == "de"
    assert language_of("en", None, "de-AT") == "de"
    assert language_of("xx", "yy") == "en"
