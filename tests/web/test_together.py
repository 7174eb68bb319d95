"""Whoever asks at once is answered together, each with an answer of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from goodwill.basics.errors import Busy
from goodwill.web.together import MOST_AT_ONCE, Gathering


def test_those_who_come_meanwhile_are_answered_together_and_one_fails_alone() -> None:
    groups: list[list[int]] = []

    def answer(brought: Sequence[int]) -> list[int | Exception]:
        groups.append(list(brought))
        return [ValueError(str(n)) if n == 7 else -n for n in brought]

    async def ask() -> list[object]:
        gathering = Gathering(answer)
        waiting = [gathering.bring(n) for n in range(100)]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        gathering.close()
        with pytest.raises(Busy):
            gathering.bring(1)
        return list(found)

    found = asyncio.run(ask())
    assert isinstance(found[7], ValueError)
    assert [one for n, one in enumerate(found) if n != 7] == [-n for n in range(100) if n != 7]
    assert [n for group in groups for n in group] == list(range(100))
    assert len(groups) < 100
    assert max(map(len, groups)) <= MOST_AT_ONCE


def test_what_breaks_for_all_is_told_to_all_and_the_next_are_answered() -> None:
    def answer(brought: Sequence[int]) -> list[int]:
        if 0 in brought:
            raise Busy("held")
        return list(brought)

    async def ask() -> None:
        gathering = Gathering(answer)
        with pytest.raises(Busy):
            await gathering.bring(0)
        assert await gathering.bring(1) == 1
        gathering.close()

    asyncio.run(ask())


def test_several_answer_side_by_side_and_nobody_is_left_out() -> None:
    both = threading.Barrier(2, timeout=20)
    groups: tuple[list[int], list[int]] = [], []

    def by(n: int) -> Callable[[Sequence[int]], list[int]]:
        def answer(brought: Sequence[int]) -> list[int]:
            if not groups[n]:
                both.wait()  # nobody goes on until both are at work
            groups[n].extend(brought)
            return [-one for one in brought]

        return answer

    async def ask() -> list[int]:
        gathering = Gathering(by(0), by(1))
        found = await asyncio.gather(*(gathering.bring(n) for n in range(200)))
        gathering.close()
        return list(found)

    assert asyncio.run(ask()) == [-n for n in range(200)]
    assert sorted(groups[0] + groups[1]) == list(range(200))
    assert groups[0]
    assert groups[1]
