"""The register that ships parses and reads well; one that is broken is refused, with its table and key named."""

import re
from datetime import date

import pytest

from goodwill.basics.clock import day_number
from goodwill.basics.errors import BadInput, NotFound
from goodwill.purposes import Basis, load, register, shipped
from goodwill.purposes.register import parse

SMALL = """
version = "7"

[category.purchases]
sentence = "What you bought"
fideslang = "user.behavior.purchase_history"
dpv = "pd:PurchasesAndSpendingHabit"

[purpose.offers]
sentence = "Choose discounts that fit you"
basis = "consent"
categories = ["purchases"]
owner = "shop owner"
review = 2027-06-30
expiry = 2029-12-31
dpv = "dpv:PersonalisedBenefits"
fideslang = "personalize.content"
consent_days = 730
minimum_group = 5
"""

# ---- the shipped one -----------------------------------------------------------------------------------------------

# Looked up in fideslang 3.1.4 (uses, then data categories) and in the Data Privacy Vocabulary 2 (purposes, then
# personal data). A new id has to be looked up there, and added here.
FIDESLANG = {
    "analytics.reporting", "essential.legal_obligation", "essential.service", "marketing.communications.email",
    "marketing.advertising.first_party.targeted", "personalize.content", "personalize.content.profiled",
    "train_ai_system",
    "user.behavior", "user.behavior.browsing_history", "user.behavior.purchase_history", "user.contact",
    "user.content.public", "user.demographic", "user.device", "user.location.imprecise",
}  # fmt: skip
DPV = {
    "dpv:CommercialResearch", "dpv:DirectMarketing", "dpv:FulfilmentOfContractualObligation",
    "dpv:FulfilmentOfObligation", "dpv:ImproveExistingProductsAndServices", "dpv:InternalResourceOptimisation",
    "dpv:PersonalisedBenefits", "dpv:ProvidePersonalisedRecommendations", "dpv:ServicePersonalisation",
    "pd:BrowsingBehaviour", "pd:Contact", "pd:Demographic", "pd:DeviceBased", "pd:Interaction", "pd:Location",
    "pd:Opinion", "pd:Preference", "pd:Profile", "pd:PurchasesAndSpendingHabit",
}  # fmt: skip


def test_the_shipped_register_holds_the_purposes_that_the_code_names():
    named = {value for name, value in vars(register).items() if name.isupper() and isinstance(value, str)}
    assert set(shipped().entries) == named
    assert len(named) == 11


@pytest.mark.parametrize("each", [*shipped(), *shipped().kinds.values()], ids=lambda each: each.name)
def test_every_sentence_is_short_and_says_something(each):
    assert 3 <= len(each.sentence.split()) <= 12
    assert each.sentence[0].isupper()
    assert not each.sentence.endswith(".")


@pytest.mark.parametrize("each", [*shipped(), *shipped().kinds.values()], ids=lambda each: each.name)
def test_every_id_exists_in_its_vocabulary(each):
    assert each.fideslang in FIDESLANG
    assert each.dpv in DPV


@pytest.mark.parametrize("entry", list(shipped()), ids=lambda entry: entry.name)
def test_every_purpose_ends_and_is_looked_at_before(entry):
    assert entry.owner
    assert bool(entry.retention_days) is entry.keeps, "what keeps nothing has no time to keep it for"
    assert entry.review < entry.expiry
    assert (entry.consent_days is not None) == (entry.basis is Basis.CONSENT)


def test_what_counts_many_people_counts_at_least_ten():
    entries = shipped()
    assert {purpose: entries[purpose].minimum_group for purpose in ("measurement", "statistics", "benchmarking")} == {
        "measurement": 10,
        "statistics": 10,
        "benchmarking": 50,
    }


def test_customers_decide_about_what_needs_a_yes_or_can_be_objected_to():
    asked = {entry.name for entry in shipped().asked()}
    assert {"recommendations", "statistics"} <= asked
    assert not {"fulfilment", "bookkeeping"} & asked


def test_every_category_is_used_by_a_purpose_or_kept_for_one_on_purpose():
    used = {category for entry in shipped() for category in entry.categories}
    assert set(shipped().kinds) - used == {"location", "device"}


# ---- a shop's own --------------------------------------------------------------------------------------------------


def test_a_shop_may_bring_its_own(tmp_path):
    file = tmp_path / "register.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())  # as some editors save it
    mine = load(file)
    (entry,) = mine
    assert (mine.version, mine.source) == ("7", str(file))
    assert (entry.name, entry.basis, entry.categories) == ("offers", Basis.CONSENT, ("purchases",))
    assert (entry.consent_days, entry.minimum_group, entry.retention_days, entry.reserved) == (730, 5, None, False)
    assert mine.category("purchases").sensitive is False
    assert "offers" in mine
    assert "fulfilment" not in mine


def test_a_purpose_is_off_from_its_expiry_day_on():
    (entry,) = parse(SMALL, "test")
    ends = day_number(date(2029, 12, 31))
    assert [entry.is_off(day) for day in (ends - 1, ends, ends + 1)] == [False, True, True]


def test_what_keeps_nothing_has_no_time_to_keep_it_for():
    (entry,) = parse(with_line("keeps", "false"), "test")
    assert not entry.keeps_data
    with pytest.raises(BadInput, match="keeps nothing"):
        parse(f"{with_line('keeps', 'false')}\nretention_days = 30\n", "test")


def test_an_unknown_purpose_or_category_is_told_what_there_is():
    mine = parse(SMALL, "test")
    with pytest.raises(NotFound, match=r"'profiling' is not a registered purpose\. Registered are: offers"):
        mine["profiling"]
    with pytest.raises(NotFound, match=r"'health' is not a data category\. There are: purchases"):
        mine.category("health")


def with_line(key, value, table="purpose.offers"):
    """The small register with one key changed, added or (None) left out."""
    head, tail = SMALL.split(f"[{table}]\n")
    body, *rest = tail.split("\n\n", 1)
    lines = [line for line in body.strip().splitlines() if not line.startswith(f"{key} =")]
    if value is not None:
        lines.append(f"{key} = {value}")
    return "\n\n".join([f"{head}[{table}]\n" + "\n".join(lines), *rest])


def test_the_small_register_is_right_whatever_key_is_written_last():
    assert parse(with_line("owner", '"Dev"'), "test")["offers"].owner == "Dev"
    assert parse(with_line("sensitive", "true", "category.purchases"), "test").category("purchases").sensitive


LONG = '"one two three four five six seven eight nine ten eleven twelve thirteen"'
WRONG = {
    "sentence": ["3", '""', '"  "', LONG, '["a"]', '"two\\nlines"'],
    "basis": ['"vital-interests"', '""', "1", '["consent"]', "true"],
    "categories": ["[]", '"purchases"', "[1]", '["health"]', '["purchases", "purchases"]', '[["purchases"]]'],
    "owner": ['""', '" "', "5"],
    "review": ['"2027-06-30"', "2027-06-30T00:00:00", "2027-06-30T00:00:00Z", "20270630", "2030-01-01"],
    "expiry": ['"2029-12-31"', "2029-12-31T12:00:00", "12:00:00", "2027-06-29"],
    "dpv": ['"DirectMarketing"', '""', "1", '"dpv:"', '"dpv:Direct Marketing"'],
    "fideslang": ['"Analytics"', '""', "1", '"analytics."', '"a b"'],
    "consent_days": ["0", "-1", "730.5", '"730"', "true"],
    "retention_days": ["0", "-1", "1.0", "false"],
    "minimum_group": ["0", "-5", "1e1", '"5"', "true"],
    "reserved": ['"yes"', "1"],
    "keeps": ['"no"', "0"],
    "why_lawful": ['""', "1"],
    "colour": ['"blue"'],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_with_its_table_and_key(key, value):
    with pytest.raises(BadInput) as refused:
        parse(with_line(key, value), "shop.toml")
    assert "[purpose.offers] in shop.toml" in str(refused.value)
    assert key in str(refused.value)


@pytest.mark.parametrize("key", ["sentence", "basis", "categories", "owner", "review", "expiry", "dpv", "fideslang"])
def test_a_missing_key_is_named(key):
    with pytest.raises(BadInput, match=rf"\[purpose\.offers\] in shop\.toml lacks {key}"):
        parse(with_line(key, None), "shop.toml")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sentence", None), ("fideslang", None), ("dpv", None),
        ("sentence", LONG), ("sentence", "1"), ("dpv", '"purchases"'), ("fideslang", "1"), ("sensitive", '"no"'),
        ("colour", '"blue"'),
    ],
)  # fmt: skip
def test_a_broken_category_is_refused_with_its_table_and_key(key, value):
    with pytest.raises(BadInput, match=rf"\[category\.purchases\] in shop\.toml.*{key}"):
        parse(with_line(key, value, "category.purchases"), "shop.toml")


@pytest.mark.parametrize(
    ("basis", "extra", "says"),
    [
        ("legitimate-interests", "", "why_lawful"),
        ("contract", "consent_days = 30", "consent_days fits only"),
        ("legal-obligation", "consent_days = 30", "consent_days fits only"),
        ("legitimate-interests", 'why_lawful = "It is."\nconsent_days = 30', "consent_days fits only"),
    ],
)
def test_an_entry_that_contradicts_its_basis_is_refused(basis, extra, says):
    text = SMALL.replace("consent_days = 730", extra).replace('basis = "consent"', f'basis = "{basis}"')
    with pytest.raises(BadInput, match=rf"\[purpose\.offers\] in shop\.toml.*{says}"):
        parse(text, "shop.toml")


def test_legitimate_interests_with_their_balancing_test_are_taken():
    text = SMALL.replace("consent_days = 730", 'why_lawful = "Totals only."')
    text = text.replace('"consent"', '"legitimate-interests"')
    assert parse(text, "test")["offers"].why_lawful == "Totals only."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "registers no purpose"),
        ("version = '1'", "registers no purpose"),
        ("[purpose.offers\nowner = 1", "not valid TOML.*line 1"),
        (SMALL + "\n[purpose.offers]\nowner = 'x'", "not valid TOML.*offers"),
        (SMALL + "\n[purposes.more]\n", "unknown tables or keys: purposes"),
        ("purpose = 3", r"\[purpose\] in shop.toml must hold tables"),
        ("category = []", r"\[category\] in shop.toml must hold tables"),
        ("[purpose]\noffers = 3", r"\[purpose.offers\] in shop.toml must be a table"),
        (SMALL.replace("[purpose.offers]", '[purpose."Big Offers!"]'), r"\[purpose.Big Offers!\].*a name is made of"),
        (SMALL.replace("[purpose.offers]", '[purpose.""]'), "a name is made of"),
    ],
)
def test_what_is_no_register_is_refused(text, says):
    with pytest.raises(BadInput, match=re.compile(says, re.DOTALL)):
        parse(text, "shop.toml")


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"nowhere\.toml cannot be read"):
        load(tmp_path / "nowhere.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(SMALL.replace("shop owner", "Zoë").encode("latin-1"))
    with pytest.raises(BadInput, match=r"latin\.toml is not in UTF-8"):
        load(latin)


def test_the_expiry_day_itself_may_be_the_review_day():
    entry = parse(SMALL.replace("review = 2027-06-30", "review = 2029-12-31"), "test")["offers"]
    assert entry.review == entry.expiry
