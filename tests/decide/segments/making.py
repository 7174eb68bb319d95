"""Random rules, as JSON would bring them, and a small catalogue for them to name."""

from typing import Any

from hypothesis import strategies as st

from goodwill.decide.segments import Things
from goodwill.people.types import BOUGHT, REFUNDED, event_type

TYPES = (BOUGHT, REFUNDED, event_type("viewed").code, event_type("opened").code, event_type("clicked").code)
NAMES = ("bought", "refunded", "viewed", "opened", "clicked")
WITH_THINGS = ("bought", "refunded", "viewed", "clicked")
TODAY = 20_513  # 1 March 2026
TOWNS = ("Wien", "Graz", "Linz")
PRODUCTS = {"coffee": (1, 2), "tea": (3,), "cake": (2, 3, 4)}  # by category and by tag alike; nothing sells "air"


def chooses(things: Things) -> frozenset[int]:
    named = (*things.categories, *things.types, *things.tags)
    return frozenset(number for name in named for number in PRODUCTS.get(name, ()))


def ranges(most: int) -> st.SearchStrategy[dict[str, int]]:
    pairs = st.tuples(st.integers(0, most), st.integers(0, most)).map(sorted)
    return st.one_of(
        st.integers(0, most).map(lambda least: {"at_least": least}),
        st.integers(0, most).map(lambda number: {"at_most": number}),
        pairs.map(lambda both: {"at_least": both[0], "at_most": both[1]}),
    )


whens: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.integers(0, 60).map(lambda days: {"within_days": days}),
    st.sampled_from(["2026-01-10", "2026-02-20", "2026-04-01"]).map(lambda day: {"until": day}),
    st.sampled_from([("2026-01-15", "2026-02-15"), ("2026-02-01", "2026-03-20")]).map(
        lambda both: {"since": both[0], "until": both[1]}
    ),
)
measures: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.tuples(st.sampled_from(["times", "visits"]), ranges(4)).map(lambda one: {one[0]: one[1]}),
)
kinds = st.lists(st.sampled_from(["coffee", "tea", "cake", "air"]), min_size=1, max_size=2, unique=True)
things: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.tuples(st.sampled_from(["categories", "types", "tags"]), kinds).map(lambda one: {"things": {one[0]: one[1]}}),
)


def deeds(kind: str, names: tuple[str, ...], *more: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    parts = st.tuples(st.sampled_from(names), *more)
    return parts.map(lambda one: {"is": kind, "what": one[0]} | {k: v for part in one[1:] for k, v in part.items()})


ago = ranges(60).map(lambda days: {"days_ago": days})
about_events = st.one_of(
    deeds("did", WITH_THINGS, things, whens, measures),
    deeds("did", ("bought", "refunded"), things, whens, ranges(900).map(lambda wanted: {"spent": wanted})),
    deeds("did", NAMES, whens, measures),
    deeds("never", WITH_THINGS, things, whens),
    deeds("last", WITH_THINGS, things, ago),
    deeds("first", NAMES, ago),
)
about_facts = st.one_of(
    st.lists(st.sampled_from(TOWNS), min_size=1, max_size=2, unique=True).map(
        lambda towns: {"is": "fact", "field": "city", "one_of": towns}
    ),
    st.integers(0, 60).map(lambda days: {"is": "birthday", "within_days": days}),
    st.just({"is": "fact", "field": "roast", "category": "preferences", "one_of": ["dark"]}),
)


leaves = st.one_of(about_events, about_events, about_facts)


def grouped(*parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.tuples(st.sampled_from(["all", "any", "none"]), st.lists(st.one_of(*parts), min_size=2, max_size=4))
    return named.map(lambda one: {"is": one[0], "of": one[1]})


RULES = st.one_of(about_events, grouped(about_events), grouped(leaves, grouped(leaves)))
