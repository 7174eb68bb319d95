"""Segment's, RudderStack's and Customer.io's own Python libraries, unmodified."""

import json
from typing import Any

import customerio.analytics.client as customerio
import pytest
import rudderstack.analytics.client as rudderstack
import segment.analytics.client as segment
from tests.clients.conftest import Place

from goodwill.shop import Who


def made(maker: str, place: Place, failed: list[Exception]) -> Any:
    def note(error: Exception, _: Any) -> None:
        failed.append(error)

    how = {"on_error": note, "upload_interval": 0.05, "timeout": 10}
    if maker == "rudderstack":
        return rudderstack.Client(place.server_key, host=place.wire.address, gzip=True, **how)
    if maker == "customerio":
        return customerio.Client(place.server_key, host=place.wire.address, **how)
    return segment.Client(place.server_key, host=place.wire.address, gzip=True, **how)


@pytest.mark.parametrize("maker", ["segment", "rudderstack", "customerio"])
def test_all_six_calls_come_through_after_a_refusal_and_a_flush(place: Place, maker: str):
    failed: list[Exception] = []
    place.wire.fail = [(503, {}), (429, {"Retry-After": "1"})]
    place.wire.seen.clear()
    place.wire.answers.clear()
    amina = f"amina of {maker}"
    place.agrees(Who(user_id=amina))
    client = made(maker, place, failed)
    client.identify(amina, {"email": f"amina@{maker}.example", "firstName": "Amina"})
    client.track(amina, "Product Viewed", {"product_id": "bread", "price": 3.4})
    client.page(amina, "shop", "home", {"path": "/breads?utm=1"})
    client.screen(amina, "app", "start")
    client.group(amina, "friends", {"name": "Friends"})
    client.alias(f"tab of {maker}", amina)
    client.track(amina, "Order Completed", {
        "order_id": f"1001-{maker}", "total": 12.9, "currency": "EUR",
        "products": [{"product_id": "wine", "price": 9.5, "quantity": 1}, {"product_id": "bread", "price": 3.4}],
    })  # fmt: skip
    client.track("nobody-asked", "Product Viewed", {"product_id": "bread"})
    client.flush()
    client.join()
    assert not failed
    assert place.held(Who(user_id=amina)) == [
        ("viewed", "bread"), ("viewed", None), ("viewed", None), ("ordered", None), ("bought", "wine"),
        ("bought", "bread"),
    ]  # fmt: skip
    assert place.held(Who(user_id="nobody-asked")) == []
    with place.shop() as shop:
        assert shop.known(amina) == shop.known(Who(email=f"amina@{maker}.example"))
        with pytest.raises(Exception, match="Nobody"):
            shop.known("nobody-asked")
    results = [one for _, body in place.wire.answers for one in json.loads(body)["results"]]
    assert sorted((one["status"], one.get("rule", "")) for one in results if one["status"] != "taken") == [
        ("dropped", "no-consent"), ("dropped", "not-kept"),
    ]  # fmt: skip
    if maker != "customerio":
        assert place.wire.seen[0][2]["content-encoding"] == "gzip"


def test_what_is_sent_again_counts_once(place: Place):
    failed: list[Exception] = []
    amina = "amina who repeats"
    place.agrees(Who(user_id=amina))
    for _ in range(2):
        client = made("segment", place, failed)
        client.track(amina, "Product Added", {"product_id": "wine"}, message_id="m-1")
        client.flush()
        client.join()
    assert place.held(Who(user_id=amina)) == [("carted", "wine")]
    assert not failed
