"""Segments of a shop: kept, counted with consent, asked of one person, and never telling of a few."""

import pytest
from sqlalchemy import text
from tests.small_shop import ASKED, CROWD, add_smokers, bakery

from goodwill import people
from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.decide.segments import Verdict
from goodwill.purposes import Category
from goodwill.shop import Who
from goodwill.shop.segments import SMALLEST, Counted
from goodwill.staff.refusals import NotAllowed
from goodwill.storage import audit
from goodwill.storage.audit import Actor

BOUGHT = {"is": "did", "what": "bought"}
OFTEN = {**BOUGHT, "visits": {"at_least": 5}}
IN_WIEN = {"is": "fact", "field": "city", "one_of": ["wien"]}
GOODS = "recommendations"


@pytest.fixture
def made(database, tmp_path, clock):
    found = bakery(database, tmp_path, clock)
    yield found
    found.shop.close()


@pytest.fixture
def shop(made):
    return made.shop


def adds_up(counted: Counted) -> bool:
    told = (counted.matched, counted.unmatched, counted.left_out, counted.unknown)
    return sum(number for number in told if number is not None) == counted.people


def test_a_count_splits_everybody_by_rule_and_consent(shop):
    counted = shop.segments.count_rule({"is": "any", "of": [OFTEN, {"is": "never", "what": "bought"}]}, GOODS)
    assert (counted.left_out, counted.looked_at) == (2, CROWD + 2)  # Bruno was never asked, Chiara withdrew
    assert counted.people == CROWD + 4
    assert counted.few == ("unmatched",)  # nobody: and then the others are not told either
    assert (counted.matched, counted.unmatched, counted.unknown) == (None, None, 0)


def test_a_count_of_many_is_told_and_adds_up(made):
    shop = made.shop
    # As many again who bought nothing, so that both parts are large enough to be told.
    with shop.database.transaction() as connection:
        more = people.identify_many(connection, shop.cipher, "user_id", [f"d{n}" for n in range(25)], now=shop.clock())
    for name in more:
        shop.grant(name, GOODS, asked=ASKED)
    counted = shop.segments.count_rule(OFTEN, GOODS)
    assert (counted.matched, counted.unmatched, counted.left_out, counted.unknown) == (CROWD + 1, 26, 2, 0)
    assert adds_up(counted)
    assert counted.few == ()
    shop.grant("amina", GOODS, asked=ASKED, yes=False)
    after = shop.segments.count_rule(OFTEN, GOODS)
    assert (after.matched, after.left_out) == (CROWD, 3)
    shop.identity.restrict("c1", "she asked to wait")
    held = shop.segments.count_rule(OFTEN, GOODS)
    assert (held.matched, held.unknown, held.held) == (CROWD - 1, 1, 1)
    assert adds_up(held)
    shop.erasure.erase("c2", reason="she asked by mail")
    gone = shop.segments.count_rule(OFTEN, GOODS)
    assert (gone.matched, gone.people) == (CROWD - 2, held.people - 1)
    assert adds_up(gone)


def test_of_few_people_nothing_is_told_from_which_they_follow(shop):
    counted = shop.segments.count_rule(OFTEN, GOODS)
    assert counted.few == ("unmatched",)
    assert counted.matched is None
    assert any(f"fewer than {SMALLEST}" in remark for remark in counted.remarks)


def told(made, name: str, field: str, value: str, category: str = "contact") -> None:
    with made.shop.database.transaction() as connection:
        fields = {field: (Category(category), value)}
        people.set_profile(connection, made.shop.cipher, made.person[name], fields, now=made.shop.clock())


def test_facts_are_opened_only_of_those_who_allow_it(made):
    shop = made.shop
    for name in (f"c{n}" for n in range(CROWD)):
        told(made, name, "city", "Wien")
        shop.grant(name, "email-marketing", asked=ASKED)
    told(made, "bruno", "city", "Wien")
    told(made, "amina", "city", "Wien")
    shop.grant("amina", "email-marketing", ["purchases"], asked=ASKED)  # not where she lives
    with shop.database.transaction() as connection:
        spoil = text("UPDATE profiles SET sealed = :junk WHERE person IN (:bruno, :amina, :c3)")
        ids = {name: made.person[name] for name in ("bruno", "amina", "c3")}
        connection.execute(spoil, {"junk": b"broken", **ids})
    with shop.database.reading() as connection:
        chosen = shop.segments._ready(
            connection, shop.segments.read(IN_WIEN, "email-marketing"), "email-marketing", "s"
        )
    total = shop.total(chosen)
    # What is broken of those who said nothing was never touched; of c3, who allows it, it is not known.
    assert {name: total.sums.number(name) for name in total.sums} == {
        "matched": CROWD - 1, "unmatched": 0, "unknown": 1,
    }  # fmt: skip
    assert total.beside is not None
    assert total.beside.left_out == 4


def test_a_segment_is_kept_changed_and_removed_and_each_version_stays(shop):
    first = shop.acting(Actor("staff 3")).segments.new("Regulars", GOODS, OFTEN, recipe="regulars")
    assert (first.id, first.version, first.made_by, first.purpose) == (1, 1, "staff 3", GOODS)
    with pytest.raises(Conflict, match="There is a segment 'REGULARS' already"):
        shop.segments.new("REGULARS", GOODS, BOUGHT)
    second = shop.segments.change("regulars", BOUGHT)
    assert (second.id, second.version) == (1, 2)
    assert [one.rule for one in shop.segments.versions(1)] == [second.rule, first.rule]
    assert shop.segments.all() == [second]
    shop.segments.remove(1)
    assert shop.segments.all() == []
    with pytest.raises(NotFound, match="goodwill segment list"):
        shop.segments.count(1)
    assert shop.segments.new("Regulars", GOODS, OFTEN).id == 2
    with shop.database.reading() as connection:
        lines = audit.latest(connection, 4)
    assert [line.action for line in lines] == ["segment.new", "segment.remove", "segment.change", "segment.new"]
    assert lines[2].detail == {"segment": 1, "version": 2, "purpose": GOODS}


@pytest.mark.parametrize("name", ["", "  ", "12", "a\nb\x07", "x" * 81])
def test_a_name_says_something(shop, name):
    with pytest.raises(BadInput, match="A segment's name"):
        shop.segments.new(name, GOODS, BOUGHT)


def test_one_person_is_asked_on_record_and_can_see_it(made):
    shop = made.shop
    kept = shop.segments.new("Regulars", GOODS, OFTEN)
    found = {name: shop.segments.check(kept.id, name) for name in ("amina", "bruno", "chiara", "dev")}
    assert {name: (one.verdict, one.reason) for name, one in found.items()} == {
        "amina": (Verdict.MATCHED, ""), "bruno": (Verdict.LEFT_OUT, "never-asked"),
        "chiara": (Verdict.LEFT_OUT, "withdrawn"), "dev": (Verdict.UNMATCHED, ""),
    }  # fmt: skip
    shop.identity.restrict("dev", "she asked to wait")
    assert shop.segments.check(kept.id, "dev") == type(found["dev"])(Verdict.UNKNOWN, "held")
    assert [look.action for look in shop.looks.by_staff(made.person["amina"])] == ["segment.check"]
    with pytest.raises(NotFound):
        shop.segments.check(kept.id, "nobody-we-know")


def test_whoever_sees_no_single_person_asks_of_none(shop):
    shop.segments.new("Regulars", GOODS, OFTEN)
    program = shop.acting(Actor("key k", acts=frozenset({"plan"})))
    assert program.segments.count(1).people == CROWD + 4
    with pytest.raises(NotAllowed):
        program.segments.check(1, "amina")
    reviewer = shop.acting(Actor("staff 2", role="reviewer", acts=frozenset({"read-audit"})))
    for asked in (lambda: reviewer.segments.count(1), lambda: reviewer.segments.new("N", GOODS, OFTEN)):
        with pytest.raises(NotAllowed):
            asked()


def test_what_the_purpose_may_not_use_is_refused_before_anything_is_read(shop):
    for ask in (shop.segments.count_rule, lambda rule, purpose: shop.segments.new("Town", purpose, rule)):
        with pytest.raises(Refused, match="'city' is of the data category 'contact', which 'recommendations'"):
            ask(IN_WIEN, GOODS)
    with pytest.raises(NotFound, match="not a registered purpose"):
        shop.segments.count_rule(BOUGHT, "snooping")


def test_products_are_named_as_the_catalogue_does(made):
    shop = made.shop
    food = {**BOUGHT, "things": {"categories": ["FOOD"]}}
    assert shop.segments.count_rule(food, GOODS).looked_at == CROWD + 2
    with pytest.raises(BadInput, match=r"knows nothing called 'fod'\. Did you mean food\?"):
        shop.segments.count_rule({**BOUGHT, "things": {"categories": ["fod"]}}, GOODS)
    with pytest.raises(BadInput, match="knows nothing called 'B-77'"):
        shop.segments.count_rule({**BOUGHT, "things": {"products": ["croissant", "B-77"]}}, GOODS)


def test_what_the_shop_keeps_discreet_chooses_nobody(made):
    """Tobacco is discreet: a rule that names nothing else is refused, and in a wider group it does not count."""
    shop = made.shop
    with pytest.raises(Refused, match="keeps discreet"):
        shop.segments.count_rule({**BOUGHT, "things": {"products": [tobacco(made)]}}, GOODS)
    with shop.database.reading() as connection:
        rule = shop.segments.read({**BOUGHT, "things": {"categories": ["food"]}}, GOODS)
        (sign,) = shop.segments._ready(connection, rule, GOODS, "s").conditions.signs
        hidden = connection.execute(
            text("SELECT id FROM products WHERE external = :it"), {"it": tobacco(made)}
        ).scalar_one()
    assert len(sign.products or ()) == 9
    assert hidden not in (sign.products or ())


def tobacco(made) -> str:
    with made.shop.database.reading() as connection:
        return str(connection.execute(text("SELECT external FROM products WHERE name = 'Tobacco pouch'")).scalar_one())


def test_a_view_that_is_at_hand_already_answers_as_the_check_does(made):
    """What chooses for one person asks the segment of the view that it has anyway."""
    shop = made.shop
    shop.segments.new("Regulars", GOODS, OFTEN)
    with shop.database.transaction() as connection:
        chosen = shop.segments.chosen_in(connection, "Regulars")
        view = shop.door_in(connection).one(made.person["c4"], purpose=chosen.purpose)
        assert chosen.verdict(view) is Verdict.MATCHED
    assert shop.segments.check("Regulars", Who(id=made.person["c4"])).verdict is Verdict.MATCHED


def test_reading_is_noted_once_for_all(made):
    shop = made.shop
    shop.segments.count_rule(OFTEN, GOODS)
    with shop.database.reading() as connection:
        question = "SELECT verb, categories, people FROM reads WHERE person = 0 AND purpose = 'recommendations'"
        noted = connection.execute(text(question)).all()
    assert ("total", "purchases", CROWD + 2) in [tuple(row) for row in noted]


def test_a_sentence_writes_money_in_the_shops_currency(shop):
    rule = shop.segments.read({**BOUGHT, "spent": {"at_least": 123_450}}, GOODS)
    assert shop.segments.sentence(rule) == f"People who spent at least 1,234.50 {shop.settings.currency}."


def test_a_rule_that_gives_away_who_bought_something_sensitive_is_kept_and_counted_by_nobody(made):
    """Whoever buys pouches buys papers, and hardly anybody else does: to choose by papers is to choose smokers."""
    shop = made.shop
    add_smokers(made, GOODS)
    by_papers = {**BOUGHT, "things": {"products": ["papers"]}}
    assert shop.segments.gives_away(shop.segments.read(by_papers, GOODS), GOODS) == "tobacco"
    with pytest.raises(Refused, match="gives away who bought a thing of the kind 'tobacco'"):
        shop.segments.new("Papers", GOODS, by_papers)
    assert shop.segments.all() == []
    with pytest.raises(Refused, match="gives away"):
        shop.segments.count_rule(by_papers, GOODS)
    by_tea = shop.segments.new("Tea", GOODS, {**BOUGHT, "things": {"products": ["tea"]}})
    with pytest.raises(Refused, match="gives away"):
        shop.segments.change(by_tea.id, {"is": "all", "of": [by_papers, OFTEN_OR_NOT]})
    assert shop.segments.get("Tea").version == 1


OFTEN_OR_NOT = {"is": "any", "of": [OFTEN, {"is": "none", "of": [OFTEN]}]}
