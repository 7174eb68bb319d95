"""A made-up export of orders, as large as a busy shop's: 79 columns, further rows with only a name and a line."""

import csv
import random
from pathlib import Path

from tests.collect.formats.exports import SHOPIFY_ORDERS


def write(path: Path, orders: int, seed: int = 1) -> int:
    """Write an export of so many orders by six tenths as many people, and tell how many lines it has."""
    dice, lines = random.Random(seed), 0
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, SHOPIFY_ORDERS, restval="")
        rows.writeheader()
        for number in range(orders):
            first = _order(number, dice.randrange(orders * 6 // 10), dice)
            for line in range(dice.choice((1, 1, 2, 3))):
                rows.writerow({**(first if line == 0 else {"Name": first["Name"]}), **_line(dice.randrange(800))})
                lines += 1
    return lines


def _order(number: int, person: int, dice: random.Random) -> dict[str, str]:
    day = f"2026-{dice.randrange(1, 10):02}-{dice.randrange(1, 28):02}"
    at = f"{day} {dice.randrange(8, 20):02}:{dice.randrange(60):02}:{dice.randrange(60):02} +0100"
    return {
        "Name": f"#{1000 + number}", "Id": str(5_800_000_000 + number), "Email": f"person{person}@example.org",
        "Financial Status": "paid", "Paid at": at, "Created at": at, "Currency": "EUR", "Subtotal": "20.00",
        "Accepts Marketing": "yes" if person % 10 < 3 else "no", "Shipping": "3.90", "Taxes": "3.19",
        "Total": f"{dice.randrange(5, 90)}.{dice.randrange(10, 99)}", "Billing Name": f"Person {person}",
        "Billing Street": f"Street {person}, 2nd floor", "Billing City": "Dresden", "Billing Zip": "'01067",
        "Billing Country": "DE", "Payment Method": "card", "Refunded Amount": "0.00", "Tags": "new, web",
        "Source": "web", "Tax 1 Name": "VAT 7%", "Tax 1 Value": "1.20",
    }  # fmt: skip


def _line(product: int) -> dict[str, str]:
    return {
        "Lineitem quantity": "1", "Lineitem name": f"Product {product}", "Lineitem price": "4.90",
        "Lineitem sku": f"SKU-{product}", "Lineitem requires shipping": "true", "Lineitem discount": "0.00",
    }  # fmt: skip
