"""Segment's, RudderStack's and Customer.io's own libraries for Node.js, unmodified."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.clients.conftest import Place

from goodwill.shop import Who

HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    if shutil.which("node") is None or not (HERE / "node_modules" / ".made-for").exists():
        pytest.skip("needs Node.js and the libraries that `sh scripts/test_services.sh` installs")


@pytest.mark.parametrize("maker", ["segment", "rudderstack", "customerio"])
def test_all_six_calls_come_through_after_a_refusal_and_a_flush(place: Place, maker: str):
    place.wire.fail = [(503, {}), (429, {"Retry-After": "1"})]
    place.wire.seen.clear()
    place.wire.answers.clear()
    amina = f"amina of node {maker}"
    place.agrees(Who(user_id=amina))
    sent = subprocess.run(
        ["node", HERE / "send.mjs", maker, place.wire.address, place.server_key, amina],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert sent.returncode == 0, sent.stderr
    assert not place.wire.fail
    assert sorted(place.held(Who(user_id=amina)), key=str) == [
        ("bought", "bread"), ("bought", "wine"), ("ordered", None), ("viewed", "bread"), ("viewed", None),
        ("viewed", None),
    ]  # fmt: skip
    assert place.held(Who(user_id="nobody-asked")) == []
    with place.shop() as shop:
        assert shop.known(amina) == shop.known(Who(email=f"{amina.replace(' ', '-')}@example.org"))
        assert shop.known(amina) == shop.known(Who(anonymous_id=f"tab of {amina}"))
    results = [one for _, body in place.wire.answers for one in json.loads(body)["results"]]
    assert sorted((one["status"], one.get("rule", "")) for one in results if one["status"] != "taken") == [
        ("dropped", "no-consent"), ("dropped", "not-kept"),
    ]  # fmt: skip
    if maker == "rudderstack":  # it sends gzip and calls it a form
        assert place.wire.seen[0][2]["content-encoding"] == "gzip"
