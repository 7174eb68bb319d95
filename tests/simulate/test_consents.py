"""The rule that invents consents: declared, seeded, and indifferent to the order of rows."""

from collections import Counter

import pytest

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import BadInput
from goodwill.purposes import EMAIL_MARKETING, MODEL_IMPROVEMENT, RECOMMENDATIONS, shipped
from goodwill.simulate.consents import GIVEN, REFUSED, WITHDRAWN, Answers, Asking, ConsentRule

PEOPLE = [str(number) for number in range(4000)]
START, END = Micros(1_700_000_000_000_000), Micros(1_700_000_000_000_000 + 300 * DAY)
ASKED = [Asking(person, START, END) for person in PEOPLE]


def test_shares_are_those_that_the_sentence_declares() -> None:
    rule = ConsentRule(seed=11)
    for answer in rule.answers:
        states = Counter(rule.state(person, answer) for person in PEOPLE)
        declared = {GIVEN: answer.allow, REFUSED: answer.refuse, WITHDRAWN: answer.withdraw, None: rule.never_asked}
        for state, of_hundred in declared.items():
            assert states[state] / len(PEOPLE) * 100 == pytest.approx(of_hundred, abs=3)


def test_the_sentence_names_seed_and_shares() -> None:
    says = ConsentRule(seed=84, people="households").says
    for fact in ("seed 84", "of 100 households", "55 allow", "15 refused", "10 withdrew later", "20 were never asked"):
        assert fact in says


def test_answers_do_not_depend_on_the_order_of_people() -> None:
    rule, register = ConsentRule(), shipped()
    forward, backward = rule.invent(ASKED[:200], register), rule.invent(ASKED[199::-1], register)
    assert set(forward) == set(backward)


def test_another_seed_gives_other_answers() -> None:
    main = ConsentRule().answers[0]
    assert [ConsentRule(1).state(person, main) for person in PEOPLE] != [
        ConsentRule(2).state(person, main) for person in PEOPLE
    ]


def test_one_persons_answers_are_alike_but_not_the_same() -> None:
    rule = ConsentRule()
    first, second = rule.answers[:2]
    both = [(rule.state(person, first), rule.state(person, second)) for person in PEOPLE]
    asked = [pair for pair in both if pair[0] is not None]
    together = sum(pair == (GIVEN, GIVEN) for pair in asked) / len(asked)
    apart = (first.allow / 80) * (second.allow / 80)
    assert together > apart + 0.1
    assert any(one == GIVEN and other == REFUSED for one, other in asked)


def test_who_was_never_asked_has_no_line_at_all() -> None:
    rule = ConsentRule()
    told = {word.person for word in rule.invent(ASKED, shipped())}
    assert told == {person for person in PEOPLE if rule.was_asked(person)}
    assert len(told) < len(PEOPLE)


def test_some_allow_only_their_purchases_and_never_less() -> None:
    words = ConsentRule().invent(ASKED, shipped())
    allowed: dict[tuple[str, str], set[str]] = {}
    for word in words:
        if word.state == GIVEN:
            allowed.setdefault((word.person, word.purpose), set()).add(word.category)
    assert all("purchases" in categories for categories in allowed.values())
    assert all("contact" in of for (_, purpose), of in allowed.items() if purpose == EMAIL_MARKETING)
    little = [of for (_, purpose), of in allowed.items() if purpose == RECOMMENDATIONS and of == {"purchases"}]
    assert len(little) == pytest.approx(0.25 * sum(p == RECOMMENDATIONS for _, p in allowed), rel=0.15)


def test_a_change_of_mind_lies_between_the_asking_and_the_end() -> None:
    later = [word.at for word in ConsentRule().invent(ASKED, shipped()) if word.state == WITHDRAWN]
    assert later
    assert all(START < at < END for at in later)


def test_shares_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(BadInput, match="model-improvement"):
        ConsentRule(answers=(Answers(MODEL_IMPROVEMENT, allow=50, refuse=20, withdraw=20),))
