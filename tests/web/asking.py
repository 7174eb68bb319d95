"""One good request for each operation of the API, so that no test forgets one."""

from itertools import count
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
    "erase": ("/api/v1/people/amina/erase", {"reason": "a test", "dry_run": True}),
    "merge": ("/api/v1/people/merge", {"keep": AMINA, "other": AMINA}),  # one already, so nothing changes
    "unmerge": ("/api/v1/people/unmerge", {"merge": 1}),
    "person_receipt": ("/api/v1/people/amina/receipts/1", None),
    "inclusion": ("/api/v1/consent/inclusion?position=1", None),
    "consistency": ("/api/v1/consent/consistency?first=1", None),
    "audit_inclusion": ("/api/v1/audit/inclusion?position=1", None),
    "audit_consistency": ("/api/v1/audit/consistency?first=1", None),
    "why": ("/why/{decision}", None),
    "explain": ("/api/v1/decisions/{decision}/explanation?for=staff", None),
    "problem": ("/api/problems/not-found", None),
    "begin_session": ("/api/v1/staff/session", {"email": "nobody@shop.example", "password": "wrong"}),
    "strengthen_session": ("/api/v1/staff/session/code", {"code": "000000"}),
    "show_staff": ("/api/v1/staff/{account}", None),
    "invite_staff": ("/api/v1/staff", {"email": "new{n}@shop.example", "name": "New", "role": "analyst"}),
    "set_staff_role": ("/api/v1/staff/role", {"account": "{account}", "role": "analyst"}),
    "disable_staff": ("/api/v1/staff/disable", {"account": "{account}"}),
    "enable_staff": ("/api/v1/staff/enable", {"account": "{account}"}),
    "reset_staff": ("/api/v1/staff/reset", {"account": "{account}"}),
    "drop_second_factor": ("/api/v1/staff/second-factor", {"account": "{account}"}),
    "outline": ("/api/v1/people/amina", None),
    "reveal": ("/api/v1/reveal", {"user_id": "amina", "reason": "she asked on the phone"}),
    "ask_approval": ("/api/v1/approvals", {"action": "export", "reason": "we move elsewhere"}),
    "open_request": ("/api/v1/requests", {"right": "access", "email": "new{n}@example.com"}),
    "show_request": ("/api/v1/requests/{request}", None),
    "request_evidence": ("/api/v1/requests/{request}/evidence", None),
    "act_on_request": ("/api/v1/requests/act", {"request": "{request}", "do": "send-code"}),
    "webhook_deliveries": ("/api/v1/webhooks/deliveries?failed=true&limit=5", None),
    "replay_webhook": ("/api/v1/webhooks/deliveries/replay", {"delivery": 1}),
    "rotate_webhook": ("/api/v1/webhooks/targets/rotate", {"target": 1}),
    "evaluate_slot": ("/ofrep/v1/evaluate/flags/home", {"context": {"targetingKey": "amina"}}),
    "evaluate_slots": ("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "amina"}}),
    "set_slot": ("/api/v1/slots", {"name": "deals", "slot": {"kind": "offers", "count": 1}}),
    "new_experiment": (
        "/api/v1/experiments",
        {"name": "try-{n}", "question": "Which?", "arms": [{"name": "a"}, {"name": "b"}]},
    ),
    "add_content": ("/api/v1/content", {"name": "rye", "content": {"slot": "banner", "title": "Rye"}}),
    "new_offer": (
        "/api/v1/offers",
        {"name": "offer-{n}", "offer": {"title": "Five", "rule": "Five off.", "percent": 5}},
    ),
    "click": ("/api/v1/clicks", {"decision": "{decision}", "product": "nothing"}),
    "redemption": ("/api/v1/redemptions", {"decision": "{decision}", "product": "nothing"}),
    "claim": ("/api/v1/claims", {"code": "nobodys"}),
    "offpolicy": ("/api/v1/measures/offpolicy?slot=nobodys", None),
    "figure": ("/api/v1/measures/repeat-purchase", None),
    "taste": ("/api/v1/taste?user_id=amina", None),
    "tell_taste": ("/api/v1/taste", {"person": {"user_id": "nobody"}, "kinds": []}),
    "remove_taste": ("/api/v1/taste/removal", {"person": AMINA}),
    "verdict": ("/api/v1/verdicts", {"decision": "{decision}", "product": "nothing", "verdict": "less"}),
    "keep_segment": ("/api/v1/segments", {"segment": 1, "rule": {"is": "never", "what": "bought"}}),
    "remove_segment": ("/api/v1/segments/remove", {"segment": 999}),  # there is none, so nothing changes
    "count_segment": ("/api/v1/segments/1/count", None),
    "count_rule": ("/api/v1/segments/count", {"purpose": "offers", "rule": {"is": "never", "what": "bought"}}),
    "answer_approval": ("/api/v1/approvals/answer", {"approval": "{approval}", "approve": False}),
}
_FRESH = count()


def ask(
    client: Any,
    operation: Operation,
    *,
    decision: str = "aaaaaaaaaaaaa",
    account: int = 1,
    approval: str = "",
    request: str = "",
    **headers: str,
) -> Any:
    """Make a good request of an operation.

    Args:
        account: of staff, for what changes one; approval: that waits for an answer.
    """
    path, body = _GOOD.get(operation.name, (operation.path, None))
    if "{request}" in f"{path} {body}" and not request:
        request = _request(client, headers)
    if body is not None:
        fill = {"{decision}": decision, "{account}": account, "{approval}": approval, "{request}": request}
        body = {name: fill.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
        body = {
            name: value.replace("{n}", str(next(_FRESH))) if name in ("email", "name") else value
            for name, value in body.items()
        }
    options = {"json": body} if body is not None else {}
    return client.request(
        operation.method, path.format(decision=decision, account=account, request=request), headers=headers, **options
    )


def _request(client: Any, headers: dict[str, str]) -> str:
    """A request of a customer's that is there; whoever may not see it gets a number that is none."""
    answer = client.request("GET", "/api/v1/requests", headers=headers)
    return str(answer.json()["requests"][0]["id"]) if answer.status_code == 200 else "aaaaaaaaaaaaa"
