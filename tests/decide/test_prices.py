"""Prices in offers: never above the public one, only real savings, and nobody's own price for what everybody needs."""

from hypothesis import given
from hypothesis import strategies as st

from goodwill.catalogue.products import Product
from goodwill.decide.labels import label_for, words_of
from goodwill.decide.plan import Offer
from goodwill.decide.prices import SHOWN, is_real, reduced

MONEY = st.integers(0, 10**7)


@st.composite
def offers(draw):
    way = draw(st.sampled_from(("percent", "off", "price")))
    least, most = {"percent": (1, 100), "off": (1, 10**6), "price": (0, 10**6)}[way]
    return Offer(
        "t", "r", **{way: draw(st.integers(least, most))}, products=("p",), segment=draw(st.sampled_from(("", "x")))
    )


@given(offers(), MONEY)
def test_a_reduced_price_is_never_above_the_public_one_nor_below_nothing(offer, public):
    assert 0 <= offer.reduced(public) <= public


@given(offers(), st.lists(st.tuples(st.none() | MONEY, MONEY), max_size=30))
def test_what_an_offer_tells_is_cheaper_than_any_public_price_of_30_days(offer, shelf):
    products = {n: Product(f"p{n}", f"P{n}", price=public) for n, (public, _) in enumerate(shelf)}
    lowest = {n: min(low, public) for n, (public, low) in enumerate(shelf) if public is not None}
    found = reduced(offer, products, lowest, ())
    assert len(found.prices) == min(SHOWN, len(found.items))
    assert len(found.items) + found.unreal == len(products)
    for price in found.prices:
        assert price.price < price.lowest <= price.public
        assert price.price == offer.reduced(price.public)


@given(MONEY, MONEY, MONEY)
def test_a_saving_is_real_only_below_both(public, lowest, offered):
    assert is_real(public, lowest, offered) == (offered < public and offered < lowest)


def test_a_price_that_rose_lately_makes_no_saving():
    milk = {1: Product("milk", price=200)}
    assert not reduced(Offer("t", "r", percent=10, products=("milk",)), milk, {1: 150}, ()).items
    assert reduced(Offer("t", "r", percent=30, products=("milk",)), milk, {1: 150}, ()).prices[0].price == 140


def test_nobody_gets_a_price_of_her_own_for_what_everybody_needs():
    shelf = {1: Product("a", "Infant Formula 1", price=900), 2: Product("b", "Bread", price=300)}
    own = reduced(Offer("t", "r", percent=10, kinds=("k",), segment="new"), shelf, {}, ("infant formula",))
    assert (own.items, own.essential) == (frozenset({2}), 1)
    everybodys = reduced(Offer("t", "r", percent=10, kinds=("k",)), shelf, {}, ("infant formula",))
    assert (everybodys.items, everybodys.essential) == (frozenset({1, 2}), 0)
    sold_on = reduced(Offer("t", "r", percent=10, kinds=("k",), same_price=False), shelf, {}, ("infant formula",))
    assert sold_on.essential == 1


def test_the_words_of_new_york_are_the_laws_own_whatever_the_language():
    said = "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA"
    assert words_of(label_for("US-NY"), "de") == said
    assert words_of(label_for("us-ny")) == said
    assert words_of(label_for("IT"), "de").startswith("Dieser Preis wurde")
    assert words_of(label_for("US-CA")) == words_of(label_for("")) != said
    assert words_of("") == ""
