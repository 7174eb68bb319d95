"""What the demo tells, chapter by chapter: values that print as one JSON document and can be told again."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Opening(msgspec.Struct, frozen=True):
    """What has to be said before any figure: what is invented, whose data this is, whom we follow."""

    watermark: str
    notes: tuple[str, ...]


class File(msgspec.Struct, frozen=True):
    """One imported file: rows read, kept and not taken."""

    file: str
    kind: str
    rows: int
    kept: int
    rejected: int


class Import(msgspec.Struct, frozen=True):
    """What came in, from all files together.

    Attributes:
        rejected: rows that were not taken; ``why`` counts them by what was wrong and what helps.
    """

    rows: int
    kept: int
    rejected: int
    why: Mapping[str, int]
    rows_per_second: int
    seconds: float
    files: tuple[File, ...]


class Contact(msgspec.Struct, frozen=True):
    """Whom the shop may write to by e-mail: how many, of how many, and why not the others."""

    yes: int
    of: int
    why_not: Mapping[str, int]


class Learn(msgspec.Struct, frozen=True):
    """What was learned, from how many people."""

    items: int
    people: int
    models: tuple[str, ...]
    seconds: float


class Because(msgspec.Struct, frozen=True):
    """A reason, and the share of the positive evidence that it carries, 0 to 1."""

    text: str
    share: float


class Item(msgspec.Struct, frozen=True):
    """One suggested product."""

    product: str
    name: str
    kind: str
    because: tuple[Because, ...]
    covered: float


class Decided(msgspec.Struct, frozen=True):
    """What one of the cast is shown.

    Attributes:
        person: the name in the story; ``user_id`` is the one in the data.
        role: consenting · never-asked · withdrawn.
        reason: why it is what everyone gets; "" where it was chosen for this person.
        because: the weightiest reason of each item.
        covered: mean over the items of the share of evidence that their reasons carry, 0 to 1.
        before: what this person was shown before withdrawing, if that happened.
    """

    person: str
    user_id: str
    role: str
    personalised: bool
    reason: str
    items: tuple[Item, ...]
    because: tuple[str, ...]
    covered: float
    used: tuple[str, ...]
    withheld: tuple[str, ...]
    decision: str
    before: "Decided | None" = None


class Forgetting(msgspec.Struct, frozen=True):
    """A withdrawal and its proof.

    Attributes:
        hash_before: of the whole-number total that held the person.
        hash_after: after that part was subtracted.
        hash_rebuilt_without: of the same total worked out anew from a database in which the person says no.
        equal: the last two are the same, bit for bit.
        milliseconds: from the withdrawal until total and models are without the person.
    """

    person: str
    user_id: str
    hash_before: str
    hash_after: str
    hash_rebuilt_without: str
    equal: bool
    people_before: int
    people_after: int
    milliseconds: float


class Score(msgspec.Struct, frozen=True, rename={"recall": "recall@10", "ndcg": "nDCG@10"}):
    """How good lists of ten are, 0 to 1, with standard errors over people."""

    recall: float
    ndcg: float
    recall_error: float
    ndcg_error: float


class Gain(msgspec.Struct, frozen=True):
    """By how much the nDCG of one method exceeds another's, person by person, with its standard error."""

    of: str
    beyond: str
    value: float
    error: float


class Accuracy(msgspec.Struct, frozen=True):
    """How good the suggestions are on visits that the models did not see.

    Attributes:
        next_basket: last baskets of ``people`` people guessed, by method.
        discovery: what ``seekers`` people bought for the first time in their last fifth of visits guessed, by method.
    """

    items: int
    people: int
    seekers: int
    next_basket: Mapping[str, Score]
    discovery: Mapping[str, Score]
    gains: tuple[Gain, ...]
    seconds: float


class Returned(msgspec.Struct, frozen=True):
    """The return report at the end, and what was invented for it.

    Attributes:
        figures: name, value, range and grade of each. left_out: what was not counted.
    """

    invented: str
    verdict: str
    sentence: str
    since: str
    until: str
    figures: tuple[tuple[str, str, str, str], ...]
    left_out: tuple[str, ...]
    query: str


class Closing(msgspec.Struct, frozen=True):
    """How long it took, in seconds."""

    watermark: str
    seconds: float


class Told(msgspec.Struct, frozen=True, rename={"import_": "import"}):
    """The whole story, and when it happened."""

    watermark: str
    notes: tuple[str, ...]
    at: str
    people: int
    may_contact: Contact
    import_: Import
    learn: Learn
    decisions: tuple[Decided, ...]
    forgetting: Forgetting
    accuracy: Accuracy
    seconds: float
    returned: Returned | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The one document of ``--json``."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document
