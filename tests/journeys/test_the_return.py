"""From a till's export and a file of costs to a return on paper, by commands alone, on both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Ended, run  # noqa: F401 - a fixture

from goodwill.app import open_shop
from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.cli.ends import Code
from goodwill.decide import store
from goodwill.decide.experiments import place
from goodwill.decide.plan import Holdout
from goodwill.storage import Database

SINCE = datetime.now(UTC).date() - timedelta(days=60)
CUSTOMERS = 1_200  # of those left out some 240 buy: from 200 on a report says more than "too early"


@pytest.fixture
def shop(
    run: Callable[..., Ended],  # noqa: F811
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Ended]:
    monkeypatch.setenv("GOODWILL_DATABASE", database.url or "")
    monkeypatch.setenv("GOODWILL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GOODWILL_COLUMNS", "database")
    assert run("init", "--name", "Café Amina", "--currency", "EUR", "--zone", "Europe/Berlin", "--no-input").code == 0
    return run


def written(folder: Path, name: str, head: str, lines: list[str]) -> Path:
    path = folder / name
    path.write_text(f"{head}\n" + "\n".join(lines) + "\n")
    return path


def left_out_since(day: date) -> set[str]:
    """One in five was left out from that day on; who is among them."""
    with open_shop() as opened:
        with opened.database.transaction() as connection:
            at = Micros((day_number(day) - 1) * DAY + DAY // 2)
            store.add(connection, "holdout", "", Holdout(20, "salt"), actor="test", at=at)
        names = [f"c{n}" for n in range(CUSTOMERS)]
        return {name for name in names if place("salt", opened.known(name)) < 0.2}


def told(ended: Ended) -> Any:
    assert ended.code == Code.DONE, ended.err
    return ended.document


def test_from_files_to_a_return_on_paper(shop, tmp_path, monkeypatch):
    head = "order_id,customer_id,ordered_at,total"
    usual = [f"U{n},c{n},{SINCE + timedelta(days=n % 40)} 10:00,{20 + n % 9}.00" for n in range(CUSTOMERS)]
    assert shop("import", written(tmp_path, "orders.csv", head, usual)).code == Code.DONE
    assert "Set margin in goodwill.toml" in shop("measure", "roi").out
    monkeypatch.setenv("GOODWILL_MARGIN", "40")
    assert "goodwill experiment holdout 10" in shop("report").out

    out = left_out_since(SINCE)
    more = [f"M{n},c{n},{SINCE + timedelta(days=5 + n % 35)} 11:00,{25 + n % 4}.00"
            for n in range(CUSTOMERS) if f"c{n}" not in out]  # fmt: skip
    assert shop("import", written(tmp_path, "more.csv", head, more)).code == Code.DONE
    day = SINCE + timedelta(days=10)
    spent = [f"{day},licence,,100.00,EUR", f"{day},labour,goodwill,50.00,USD", f"{day},media,,600.00,EUR"]
    costs = written(tmp_path, "costs.csv", "day,kind,programme,amount,currency", spent)
    number = told(shop("import", costs, "--json"))["id"]
    assert "goodwill cost rate add USD" in shop("measure", "roi").out
    assert shop("cost", "rate", "add", "USD", "0.9", "--day", day, "--source", "ECB").code == Code.DONE

    assert told(shop("measure", "cac", "--json"))["headline"]["value"] == 600 / CUSTOMERS
    roi = told(shop("measure", "roi", "--json"))
    parts = {row[0]: row for row in roi["tables"][1]["rows"]}
    assert parts["K cost"][1] == 145.0
    low, high = parts["B1 margin in the window"][2:4]
    assert low < 0.4 * 26.5 * (CUSTOMERS - len(out)) < high

    report = shop("report", "--json", "--pdf", tmp_path / "one.pdf")
    document = told(report)
    assert (document["verdict"], document["since"]) == ("worked", str(SINCE))
    assert shop("consent", "withdraw", "c1", "statistics", "--yes").code == Code.DONE
    again = shop("report", "--at", document["until"], "--json", "--pdf", tmp_path / "two.pdf")
    assert again.out == report.out
    assert (tmp_path / "two.pdf").read_bytes() == (tmp_path / "one.pdf").read_bytes()
    assert "1 USD = 0.9 EUR" in shop("report").out

    assert shop("import", "undo", number, "--yes").code == Code.DONE
    assert "No cost was written down" in shop("report").out
    assert told(shop("cost", "list", "--json"))["costs"] == []
