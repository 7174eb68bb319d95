"""One good request for each operation of the API, so that no test forgets one."""

from typing import Any

from goodwill.consent.notices import document_of, hash_of, starters
from goodwill.purposes import shipped
from goodwill.web.desk import Operation

AMINA = {"user_id": "amina"}
# Of the notice that every new shop has; the shops of these tests have shown it.
SHOWN = next(hash_of(document_of(draft, shipped())) for draft in starters(shipped()) if draft.language == "de")
_GOOD: dict[str, tuple[str, Any]] = {
    "decide": ("/api/v1/decide", {"person": AMINA, "slot": "home", "count": 4, "context": {"basket": []}}),
    "can": ("/api/v1/can?user_id=amina&purpose=recommendations", None),
    "consent": ("/api/v1/consent", {"person": AMINA, "purpose": "offers", "yes": True}),
    "current_notice": ("/api/v1/notices/current?language=de&region=DE", None),
    "shown_notice": (f"/api/v1/notices/shown/{SHOWN}", None),
    "signal": ("/api/v1/signals", {"person": AMINA, "how": "script"}),
    "consents": ("/api/v1/people/amina/consents", None),
    "decisions": ("/api/v1/people/amina/decisions", None),
    "export": ("/api/v1/people/amina/export", None),
    "why": ("/why/{decision}", None),
    "problem": ("/api/problems/not-found", None),
}


def ask(client: Any, operation: Operation, *, decision: str = "aaaaaaaaaaaaa", **headers: str) -> Any:
    """Make a good request of an operation."""
    path, body = _GOOD.get(operation.name, (operation.path, None))
    options = {"json": body} if body is not None else {}
    return client.request(operation.method, path.format(decision=decision), headers=headers, **options)
