"""No webhook that a server acknowledged is lost when it is killed before or at its work, and none counts twice."""

import json
import threading

import httpx
from tests.laws.servers import serving
from tests.web.hooks import SECRET, mac, shopify_order

from goodwill.app import create_shop, open_shop
from goodwill.basics.clock import SECOND, Micros, system_clock
from goodwill.people.tables import events
from goodwill.shop import Who

_SENT = 60


def send(client, number):
    raw = json.dumps(shopify_order(number, f"kill{number}@example.com", number)).encode()
    headers = {
        "x-shopify-hmac-sha256": mac(SECRET, raw), "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": f"kill-{number}",
    }  # fmt: skip
    return client.post("/webhooks/shopify/main", content=raw, headers=headers).status_code


def test_what_was_acknowledged_is_worked_on_once_however_the_server_ends(tmp_path):
    home = tmp_path / "home"
    with create_shop(home, columns="database", currency="EUR") as shop:
        shop.webhooks.add("shopify", "main", SECRET)
    acknowledged = []
    with serving(home) as (process, address), httpx.Client(base_url=address) as client:
        enough = threading.Event()

        def kill():
            enough.wait(30)
            process.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        for number in range(1, _SENT):
            try:
                if send(client, number) == 200:
                    acknowledged.append(number)
            except httpx.HTTPError:
                break
            if len(acknowledged) == 12:
                enough.set()
        enough.set()
        killer.join()
        process.wait()
    assert len(acknowledged) >= 12
    # Whoever comes next, once what the killed one had in hand is free again; the sender sends some of them anew.
    with open_shop(home, clock=lambda: Micros(system_clock() + 300 * SECOND)) as shop:
        shop.webhooks.work()
        for one in shop.webhooks.deliveries(limit=200):
            assert one.state == "done", (one.delivery, one.reason)
            shop.webhooks.replay(one.id)
        shop.webhooks.work()
        with shop.database.reading() as connection:
            for number in acknowledged:
                person = shop.find_in(connection, Who(user_id=str(number)))
                rows = connection.execute(events.select().where(events.c.person == person)).all()
                assert len(rows) == 3, number
