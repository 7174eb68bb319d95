"""The consent ledger: who agreed to what, when, and how they were asked.

Rows are only ever added. Per person, purpose and data category the word said last counts, and of two said at the same
moment the "no". It names people by an id only, so it can outlive them as proof.
"""

from goodwill.consent.both import narrow, narrow_back
from goodwill.consent.ledger import (
    Asked,
    Evidence,
    Herself,
    Proof,
    Receipt,
    Row,
    Said,
    Standing,
    State,
    allowed_by,
    allowed_categories,
    append,
    ends,
    grant,
    history,
    invalidate,
    last_position,
    lines_at,
    next_end,
    refuse,
    row_at,
    said_last,
    said_no_since,
    standing,
    standing_of,
    withdraw,
    written,
)
from goodwill.consent.loss import doubt_everything
from goodwill.consent.relation import answer_all_again

__all__ = [
    "Asked",
    "Evidence",
    "Herself",
    "Proof",
    "Receipt",
    "Row",
    "Said",
    "Standing",
    "State",
    "allowed_by",
    "allowed_categories",
    "answer_all_again",
    "append",
    "doubt_everything",
    "ends",
    "grant",
    "history",
    "invalidate",
    "last_position",
    "lines_at",
    "narrow",
    "narrow_back",
    "next_end",
    "refuse",
    "row_at",
    "said_last",
    "said_no_since",
    "standing",
    "standing_of",
    "withdraw",
    "written",
]
