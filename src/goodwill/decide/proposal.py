"""A proposal: what a model would show, before anybody knows whether it can be had."""

from collections.abc import Callable

import msgspec

from goodwill.decide.decision import Reason

Because = Callable[[], tuple[tuple[Reason, ...], float]]


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """An item that a model proposes, before anybody knows whether it can be had.

    Attributes:
        because: tells the reasons and the share that they cover; asked only for what is chosen.
    """

    item: int
    kind: str
    score: float
    because: Because
