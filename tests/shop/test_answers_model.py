"""Answers by every way and in every order, beside a list in plain Python: who allows what is what the list says.

Each act is done twice: by somebody whose law is one of the table, and by a twin under the shop's own rule. The law may
only take away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.conftest import FakeClock
from tests.shop.test_notices import SELLING, Remembering

from goodwill import consent
from goodwill.app import create_shop
from goodwill.basics.clock import DAY
from goodwill.basics.errors import Refused
from goodwill.consent import Asked, Said, State
from goodwill.consent.snapshot import BadSnapshot
from goodwill.purposes import SHIPPED, shipped_regimes
from goodwill.shop import Shop, Who
from goodwill.shop.notices import Notices
from goodwill.storage import Database

RECOMMEND, SHARE, TAILOR, MAIL = "recommendations", "sharing", "tailoring", "email-marketing"
CELLS = [
    (RECOMMEND, "purchases"), (RECOMMEND, "browsing"), (SHARE, "purchases"), (TAILOR, "browsing"), (MAIL, "contact"),
]  # fmt: skip
NEWS = (MAIL, "contact")
LASTS = 730 * DAY
ASKED = Asked("file")

cells = st.sampled_from(CELLS)
choices = st.dictionaries(cells, st.booleans(), min_size=1, max_size=3)
regions = st.sampled_from(sorted({region for one in shipped_regimes() for region in one.regions}))


@dataclass
class Life:
    """What one person said, as a list: each word with its moment, and whether it was yes."""

    who: Who
    beats: bool  # the law lets a signal take back a yes to a sale
    words: dict[tuple[str, str], list[tuple[int, bool]]] = field(default_factory=dict)
    heard_at: int | None = None
    verified: bool = False
    alone: bool = False  # she said no to mail here, so that only the code from a letter brings it back
    letter: tuple[int, list[tuple[str, str]]] | None = None  # when asked, about what

    def say(self, cell: tuple[str, str], at: int, *, yes: bool) -> None:
        self.words.setdefault(cell, []).append((at, yes))

    def last(self, cell: tuple[str, str]) -> tuple[int, bool] | None:
        """The word said last; of two at one moment the no."""
        return max(self.words.get(cell, []), key=lambda word: (word[0], not word[1]), default=None)

    def allows(self, cell: tuple[str, str], now: int) -> bool:
        last = self.last(cell)
        if cell[0] == TAILOR:
            return last is None or last[1]
        return last is not None and last[1] and now < last[0] + LASTS

    def signal(self, now: int) -> None:
        self.heard_at = now if self.heard_at is None else self.heard_at
        for cell in CELLS:
            last = self.last(cell)
            tailored = cell[0] == TAILOR and (last is None or (last[1] and last[0] < self.heard_at))
            sold = cell[0] == SHARE and self.beats and self.allows(cell, now) and last and last[0] < self.heard_at
            if tailored or sold:
                self.say(cell, now, yes=False)


class Answers(RuleBasedStateMachine):
    def __init__(self, shop: Shop, clock: FakeClock, numbers: Iterator[int]) -> None:
        super().__init__()
        self.shop, self.clock = shop, clock
        self.notices = Notices(shop, codes=Remembering())
        self.number = next(numbers)
        self.codes: dict[str, str] = {}

    @initialize(region=regions)
    def begin(self, region: str) -> None:
        self.regime = self.shop.regimes.of(region)
        self.lives = [
            Life(Who(email=f"a{self.number}@example.org"), beats=bool(self.regime.binding)),
            Life(Who(email=f"b{self.number}@example.org"), beats=False),
        ]
        for life in self.lives:  # so that they are known, and by an address
            self.shop.grant(life.who, "benchmarking", asked=ASKED, yes=False)
        self.clock.turn(seconds=1)

    @rule(seconds=st.sampled_from([1, 3_600]), days=st.sampled_from([0, 0, 0, 200, 731]))
    def wait(self, seconds: int, days: int) -> None:
        self.clock.turn(seconds=seconds, days=days)

    @property
    def letters(self) -> int:
        return len(self.notices.codes.made)  # type: ignore[attr-defined]

    def law(self, life: Life):
        return self.regime if life is self.lives[0] else None

    def told(self, life: Life, answers: dict[tuple[str, str], bool], letters: int) -> None:
        """What an answer adds to the list.

        Args:
            letters: how many were written before it.
        """
        now, made = int(self.clock()), self.notices.codes.made  # type: ignore[attr-defined]
        mailed = []
        for cell, yes in answers.items():
            if yes and cell[0] == MAIL and (not life.verified or life.alone):
                mailed.append(cell)
            else:
                life.say(cell, now, yes=yes)
        life.alone |= answers.get(NEWS) is False
        if len(made) > letters:  # one letter for all, unless the same was asked a moment ago, or too often
            assert len(made) == letters + 1
            assert mailed
            life.letter = (now, mailed)
            self.codes[str(life.who)] = made[-1].text

    @rule(answers=choices)
    def answer_what_was_shown(self, answers: dict[tuple[str, str], bool]) -> None:
        shown = {cell: yes for cell, yes in answers.items() if cell[0] in (RECOMMEND, MAIL)}
        for life in self.lives if shown else ():
            token = self.notices.current("en", to=life.who).token
            letters = self.letters
            self.notices.answer(life.who, shown, token=token, regime=self.law(life))
            self.told(life, shown, letters)
        self.clock.turn(seconds=1)

    @rule(answers=choices)
    def answer_without_a_token(self, answers: dict[tuple[str, str], bool]) -> None:
        for life in self.lives:
            letters = self.letters
            self.notices.answer(life.who, answers, regime=self.law(life))
            self.told(life, answers, letters)
        self.clock.turn(seconds=1)

    @rule(cell=cells, yes=st.booleans())
    def answer_with_a_broken_token(self, cell: tuple[str, str], yes: bool) -> None:
        for life in self.lives:
            if yes:
                with pytest.raises(BadSnapshot):
                    self.notices.answer(life.who, {cell: yes}, token="broken")
            else:
                self.notices.answer(life.who, {cell: yes}, token="broken")
                life.say(cell, int(self.clock()), yes=False)
                life.alone |= cell == NEWS
        self.clock.turn(seconds=1)

    @rule()
    def close_the_notice(self) -> None:
        for life in self.lives:
            self.notices.dismiss(life.who, self.notices.current("de").token)
            for cell in CELLS:
                if cell[0] in (RECOMMEND, MAIL) and not life.allows(cell, int(self.clock())):
                    life.say(cell, int(self.clock()), yes=False)
                    life.alone |= cell == NEWS
        self.clock.turn(seconds=1)

    @rule(cell=cells, yes=st.booleans(), ago=st.sampled_from([1, 3_600, 40 * 86_400, 300 * 86_400]))
    def a_file_tells_of_the_past(self, cell: tuple[str, str], yes: bool, ago: int) -> None:
        at = int(self.clock()) - ago * 1_000_000
        for life in self.lives:
            with self.shop.database.transaction() as connection:
                person, entry = self.shop.known(life.who), self.shop.register[cell[0]]
                state = State.GIVEN if yes else State.WITHDRAWN
                until = consent.ends(entry, at) if yes else None
                said = Said(person, entry.name, self.shop.register.category(cell[1]).name, state, at, ASKED, until)
                consent.append(connection, [said], now=self.clock())
            life.say(cell, at, yes=yes)

    @rule(how=st.sampled_from(["header", "script"]))
    def the_browser_says_no(self, how: str) -> None:
        for life in self.lives:
            self.notices.signal(life.who, how=how, regime=self.law(life))
            life.signal(int(self.clock()))
        self.clock.turn(seconds=1)

    @rule()
    def a_script_says_nothing(self) -> None:
        for life in self.lives:
            self.notices.signal(life.who, on=False, how="script")

    @rule()
    def confirm_by_mail(self) -> None:
        for life in self.lives:
            code, now = self.codes.pop(str(life.who), None), int(self.clock())
            if code is None or life.letter is None:
                continue
            asked_at, about = life.letter
            life.letter = None
            if now >= asked_at + 7 * DAY:
                with pytest.raises(Refused):
                    self.notices.confirm(code)
                continue
            self.notices.confirm(code)
            life.verified = True
            last = life.last(NEWS)
            life.alone &= NEWS not in about or (last is not None and last[0] >= asked_at)
            for cell in about:
                life.say(cell, asked_at, yes=True)

    @invariant()
    def the_shop_allows_what_the_list_says_and_the_law_only_takes_away(self) -> None:
        now = int(self.clock())
        found = [
            {(purpose, line.category) for purpose in {cell[0] for cell in CELLS}
             for line in self.shop.can(life.who, purpose).categories if line.allowed}
            for life in getattr(self, "lives", [])
        ]  # fmt: skip
        for life, allowed in zip(getattr(self, "lives", []), found, strict=True):
            assert {cell for cell in CELLS if life.allows(cell, now)} == allowed & set(CELLS), life
        if found:
            assert found[0] <= found[1]


def walk(database: Database, tmp_path: Path, clock: FakeClock, examples: int, steps: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    register = (SHIPPED.read_text("utf-8") + SELLING).replace("2029-12-31", "2999-12-31")  # lives follow each other
    (home / "register.toml").write_text(register, encoding="utf-8")
    where = database.url or f"sqlite:///{database.file}"
    shop = create_shop(home, clock=clock, database=where, columns="database", purposes="register.toml")
    numbers = count()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    wanted = settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=checks, deadline=None)
    run_state_machine_as_test(lambda: Answers(shop, clock, numbers), settings=wanted)  # type: ignore[arg-type]
    shop.close()


def test_whoever_answers_however_allows_what_was_said_last(database, tmp_path, clock):
    walk(database, tmp_path, clock, examples=4, steps=12)


@pytest.mark.soak
def test_whoever_answers_however_allows_what_was_said_last_in_many_lives(database, tmp_path, clock):
    walk(database, tmp_path, clock, examples=80, steps=30)
