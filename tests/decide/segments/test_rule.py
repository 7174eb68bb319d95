"""A rule is read whole or refused with the place that is wrong; no JSON of any kind gets further."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import examples
from tests.decide.segments.making import RULES

from goodwill.basics.errors import BadInput
from goodwill.decide.segments import nodes, read, sentence, written
from goodwill.decide.segments.rule import DEEPEST, MOST_NODES, decoded, encoded

BOUGHT = {"is": "did", "what": "bought"}
FAULTS = {
    "no object": (["bought"], r"\$ must be a condition such as .*, not a list of 1"),
    "no kind": ({"what": "bought"}, r"\$ lacks 'is'\. It is one of all, any, none, did"),
    "an unknown kind": ({"is": "sql", "of": "1=1"}, r"\$ has an 'is' that means nothing here: 'sql'"),
    "an unknown word": ({**BOUGHT, "where": "1=1"}, r"\$ has 'where', which means nothing there\. It may have: what"),
    "an unknown deed": ({"is": "did", "what": "stole"}, r"\$\.what must be one of viewed, .*, not 'stole'"),
    "what she told of herself": ({"is": "did", "what": "told"}, r"\$\.what must be one of"),
    "what was decided": ({"is": "did", "what": "decided"}, r"\$\.what must be one of"),
    "nothing inside": ({"is": "any", "of": []}, r"\$\.of must be a list of at least one condition"),
    "deep inside": (
        {"is": "all", "of": [BOUGHT, {"is": "none", "of": [{"is": "never"}]}]},
        r"\$\.of\[1\]\.of\[0\] lacks",
    ),
    "a number as text": (
        {**BOUGHT, "within_days": "9"},
        r"\$\.within_days must be a whole number from 0 to 36500, not '9'",
    ),
    "yes as a number": ({**BOUGHT, "within_days": True}, r"\$\.within_days must be a whole number .*, not true"),
    "a broken number": (
        {**BOUGHT, "times": {"at_least": 1.5}},
        r"\$\.times\.at_least must be a whole number .*, not 1\.5",
    ),
    "a huge number": ({**BOUGHT, "spent": {"at_least": 10**30}}, r"\$\.spent\.at_least must be a whole .* too large"),
    "an empty range": ({**BOUGHT, "times": {}}, r"\$\.times must be like"),
    "a range that never holds": ({**BOUGHT, "times": {"at_least": 5, "at_most": 2}}, r"\$\.times can never hold"),
    "two measures": (
        {**BOUGHT, "times": {"at_least": 1}, "visits": {"at_least": 1}},
        r"\$ counts both times and visits",
    ),
    "two times": ({**BOUGHT, "within_days": 3, "since": "2026-01-01"}, r"\$ has both 'within_days' and a day"),
    "no day": ({**BOUGHT, "since": "31.12.2026"}, r"\$\.since must be a day such as 2026-03-31, not '31\.12\.2026'"),
    "days the wrong way round": ({**BOUGHT, "since": "2026-02-01", "until": "2026-01-01"}, r"\$ can never hold: since"),
    "money of a look": ({"is": "did", "what": "viewed", "spent": {"at_least": 1}}, r"\$\.spent asks for money"),
    "products of a letter": ({"is": "did", "what": "opened", "things": {"tags": ["x"]}}, r"\$\.things names products"),
    "no things": ({**BOUGHT, "things": {"tags": []}}, r"\$\.things\.tags must be a list of 1 to 200 texts"),
    "a text of two lines": ({**BOUGHT, "things": {"tags": ["a\nb"]}}, r"\$\.things\.tags\[0\] must be a text"),
    "a name": (
        {"is": "fact", "field": "last-name", "one_of": ["Li"]},
        r"'last-name', which no segment may use: it names",
    ),
    "money": (
        {"is": "fact", "field": "income", "one_of": ["1"]},
        r"'income', which no segment may use: what somebody earns",
    ),
    "a street": (
        {"is": "fact", "field": "street", "one_of": ["1"]},
        r"'street', which no segment may use: it says too",
    ),
    "a field of nobody": (
        {"is": "fact", "field": "roast", "one_of": ["1"]},
        r"does not know by itself .* category too",
    ),
    "another category": (
        {"is": "fact", "field": "city", "one_of": ["Wien"], "category": "purchases"},
        r"\$\.category is not that of 'city'",
    ),
    "a birthday as text": ({"is": "fact", "field": "birthday", "one_of": ["1"]}, r"asks for the birthday itself"),
    "a birthday far away": (
        {"is": "birthday", "within_days": 300},
        r"\$\.within_days must be a whole number from 0 to 60",
    ),
}


@pytest.mark.parametrize(("given", "says"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_place_and_what_helps(given, says):
    with pytest.raises(BadInput, match=says):
        read(given)


def test_too_deep_and_too_many_are_refused():
    rule = BOUGHT
    for _ in range(DEEPEST - 1):
        rule = {"is": "all", "of": [rule]}
    assert read(rule)
    with pytest.raises(BadInput, match="nested too deeply"):
        read({"is": "all", "of": [rule]})
    assert read({"is": "any", "of": [BOUGHT] * (MOST_NODES - 1)})
    with pytest.raises(BadInput, match=f"at most {MOST_NODES}"):
        read({"is": "any", "of": [BOUGHT] * MOST_NODES})


def test_a_rule_nested_a_thousand_times_is_refused_like_any_other():
    rule = BOUGHT
    for _ in range(5_000):
        rule = {"is": "all", "of": [rule]}
    with pytest.raises(BadInput, match="nested too deeply"):
        read(rule)


@given(RULES)
def test_what_was_read_is_written_as_it_came(rule):
    made = read(rule)
    assert read(written(made)) == made
    assert decoded(encoded(made)) == made


words = st.sampled_from([
    "is", "of", "what", "things", "within_days", "since", "until", "times", "visits", "spent", "at_least", "at_most",
    "field", "one_of", "category", "days_ago", "products", "tags", "all", "any", "none", "did", "never", "last",
    "first", "fact", "birthday", "bought", "opened", "city", "2026-01-01",
])  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)
spoilt = st.tuples(RULES, words | st.text(max_size=3), anything)


def refused(given: object) -> str | None:
    """The sentence with which it is refused; None if it is a rule."""
    try:
        made = read(given)
    except BadInput as error:
        return str(error)
    assert list(nodes(made))
    assert sentence(made).startswith("People who ")
    assert sentence(made, "de").startswith("Menschen, die ")
    return None


@given(anything)
@settings(max_examples=examples(300))
def test_no_json_breaks_the_reader(given):
    said = refused(given)
    assert said is None or said.encode().startswith(b"The rule at $")


@given(spoilt)
@settings(max_examples=examples(300))
def test_no_spoilt_rule_breaks_the_reader(given):
    rule, name, value = given
    said = refused({**rule, name: value})
    assert said is None or said.encode().startswith(b"The rule at $")
