"""One good request for each operation of the API, so that no test forgets one."""

from typing import Any

from goodwill.web.desk import Operation

AMINA = {"user_id": "amina"}
_GOOD: dict[str, tuple[str, Any]] = {
    "decide": ("/api/v1/decide", {"person": AMINA, "slot": "home", "count": 4, "context": {"basket": []}}),
    "can": ("/api/v1/can?user_id=amina&purpose=recommendations", None),
    "consent": ("/api/v1/consent", {"person": AMINA, "purpose": "offers", "yes": True}),
    "consents": ("/api/v1/people/amina/consents", None),
    "decisions": ("/api/v1/people/amina/decisions", None),
    "export": ("/api/v1/people/amina/export", None),
    "person_receipt": ("/api/v1/people/amina/receipts/1", None),
    "inclusion": ("/api/v1/consent/inclusion?position=1", None),
    "consistency": ("/api/v1/consent/consistency?first=1", None),
    "why": ("/why/{decision}", None),
    "problem": ("/api/problems/not-found", None),
}


def ask(client: Any, operation: Operation, *, decision: str = "aaaaaaaaaaaaa", **headers: str) -> Any:
    """Make a good request of an operation."""
    path, body = _GOOD.get(operation.name, (operation.path, None))
    options = {"json": body} if body is not None else {}
    return client.request(operation.method, path.format(decision=decision), headers=headers, **options)
