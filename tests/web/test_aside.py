"""What takes long is worked out in another process: the same answers, the same errors, and it never outlives us."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from operator import attrgetter, methodcaller
from pathlib import Path

import pyotp
import pytest
from litestar.testing import TestClient
from tests.small_shop import ASKED, bakery
from tests.staff.working import cheaply
from tests.web.conftest import key_for

from goodwill.app import open_shop
from goodwill.basics.clock import SECOND, system_clock
from goodwill.basics.errors import BadInput, Busy, NotFound, TooFew
from goodwill.shop import Who
from goodwill.shop.consented import overview, reach
from goodwill.storage import connect
from goodwill.web.application import application
from goodwill.web.aside import Aside, Broke
from goodwill.web.charts import Pictures, bars
from goodwill.web.jobs import Done, Job, Jobs
from goodwill.web.logs import log_to
from goodwill.web.store import Scope

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

DRAWS = [sys.executable, "-m", "goodwill.cli.aside"]
_WORKS = """
import time
from goodwill.basics.errors import TooFew

def long(shop, seconds):
    time.sleep(seconds)
    return seconds

def lacking(shop):
    import no_such_library

def too_few(shop):
    raise TooFew(3, 10, "measurement")
"""
_SERVER = """
import sys
from functools import partial
from importlib import import_module
from goodwill.web.aside import Aside
import works

aside = Aside([sys.executable, "-m", "goodwill.cli.aside", sys.argv[1]])
aside.do(partial(works.long, seconds=0))
print(aside.number, flush=True)
aside.do(partial(works.long, seconds=600))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop that nobody has open."""
    folder = tmp_path_factory.mktemp("aside")
    bakery(connect(folder / "shop.db"), folder, system_clock).shop.close()
    return folder / "home"


@pytest.fixture
def works(tmp_path, monkeypatch):
    """A module that this process and the other one know."""
    (tmp_path / "works.py").write_text(_WORKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "works", raising=False)
    return import_module("works")


@pytest.fixture(scope="module")
def aside(home: Path) -> Iterator[Aside]:
    """One that tests share which do it no harm."""
    with begun(home) as made:
        yield made


@contextmanager
def begun(home: Path, idle: float = 60.0) -> Iterator[Aside]:
    aside = Aside(command(home), idle)
    try:
        yield aside
    finally:
        aside.close()


def command(home: Path) -> list[str]:
    return [*DRAWS, str(home)]


def is_there(number: int) -> bool:
    """Whether a process is there and not only waits to be looked at once more."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_within(number: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while is_there(number) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_there(number)


def test_what_is_worked_out_there_is_what_is_worked_out_here(home, aside):
    with open_shop(home) as shop:
        assert aside.do(attrgetter("settings.name")) == shop.settings.name
        assert aside.do(partial(overview, upto=reach(shop))) == overview(shop, reach(shop))
        assert aside.do(methodcaller("report")) == shop.report()


def test_what_cannot_be_told_there_is_told_as_it_is_here(aside):
    with pytest.raises(NotFound, match="Nobody of that name"):
        aside.do(methodcaller("known", Who(user_id="nobody")))
    with pytest.raises(BadInput, match="is no day"):
        aside.do(methodcaller("report", "yesterday"))
    with pytest.raises(Broke, match="AttributeError"):
        aside.do(attrgetter("no_such_thing"))


def test_an_error_of_two_numbers_and_a_purpose_arrives_with_them(home, works):
    with begun(home) as aside, pytest.raises(TooFew, match="Only 3 people would be counted") as few:
        aside.do(works.too_few)
    assert (few.value.people, few.value.least, few.value.purpose) == (3, 10, "measurement")


def test_a_withdrawal_counts_at_once_in_what_is_asked_there(home, aside):
    with open_shop(home) as shop:
        amina, asks = Who(user_id="amina"), methodcaller("can", Who(user_id="amina"), "recommendations")
        assert aside.do(asks).allowed
        shop.grant(amina, "recommendations", asked=ASKED, yes=False)
        assert not aside.do(asks).allowed


@on_linux
def test_one_that_was_killed_is_begun_again_for_the_next_work(home):
    with begun(home) as aside:
        first = aside.do(attrgetter("settings.name"))
        number = aside.number
        os.kill(number, signal.SIGKILL)
        assert aside.do(attrgetter("settings.name")) == first
        assert aside.number not in (0, number)


@on_linux
def test_it_ends_when_there_was_no_work_for_a_while(home):
    with begun(home, idle=0.2) as aside:
        aside.do(attrgetter("settings.name"))
        number = aside.number
        assert gone_within(number, 20)
        assert aside.number == 0
        assert aside.do(attrgetter("settings.name"))


@on_linux
def test_it_ends_with_the_server_that_was_killed_in_the_middle_of_its_work(home, works):
    words = [sys.executable, "-c", _SERVER, str(home)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        number = int(server.stdout.readline())
        assert is_there(number)
        time.sleep(0.3)  # the long work is on its way
        server.kill()
        assert gone_within(number, 20)


def test_whoever_closes_waits_for_no_work(home, works):
    with begun(home) as aside, ThreadPoolExecutor(1) as thread:
        aside.do(partial(works.long, seconds=0))
        asked = thread.submit(aside.do, partial(works.long, seconds=600))
        time.sleep(0.3)
        aside.close()
        with pytest.raises(Busy):
            asked.result(20)


def test_a_picture_that_is_drawn_there_is_the_one_drawn_here_and_needs_no_shop():
    spec = bars([{"day": "Mon", "many": 3}, {"day": "Tue", "many": 5}], x="day", y="many")
    here, there = Pictures(), Pictures(aside=DRAWS)
    try:
        told = [one.of(spec, name="n", title="Days", says="More.", patience=60) for one in (here, there)]
    finally:
        here.close()
        there.close()
    assert told[0] == told[1]
    assert "<svg" in told[0][0]


def test_pictures_of_one_page_share_no_inner_name_whoever_drew_them():
    spec = bars([{"day": "Mon", "many": 3}, {"day": "Tue", "many": 5}], x="day", y="many")
    drawn = []
    for name in ("first", "second"):  # each by a process that begins to count anew
        pictures = Pictures(aside=DRAWS)
        drawn.append(str(pictures.of(spec, name=name, title="Days", says="More.", patience=60)[0]))
        pictures.close()
    one, other = (set(re.findall(r'id="([^"]+)"', svg)) for svg in drawn)
    assert one & other == set()
    assert all(set(re.findall(r"url\(#([^)]+)\)", svg)) <= ids for svg, ids in zip(drawn, (one, other), strict=True))
    assert any("clip" in name for name in one)


def test_what_is_not_installed_there_is_said_as_it_is_here(works):
    aside = Aside(DRAWS)
    try:
        with pytest.raises(ImportError, match="no_such_library"):
            aside.do(works.lacking)
    finally:
        aside.close()


def test_two_works_at_once_are_worked_out_beside_each_other(home, works):
    with open_shop(home) as shop:
        jobs = Jobs(shop, command(home))
        try:
            long = jobs.of("long", 1, partial(works.long, seconds=600), patience=0)
            assert isinstance(long, Job)
            assert jobs.of("short", 1, partial(works.long, seconds=0), patience=60) == Done(0)
        finally:
            jobs.close()


# ---- the pages whose work is done there -----------------------------------------------------------------------------

PAGES = (
    "/", "/office/consent", "/office/return", "/office/measures/repeat-purchase",
    "/office/measures/offpolicy?slot=home",
)  # fmt: skip


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """Two servers of one shop: one that works everything out itself, and one that has another process for it."""
    folder = tmp_path_factory.mktemp("pages")
    with bakery(connect(folder / "shop.db"), folder, system_clock).shop as made:
        shop = cheaply(made)
        shop.planning.hold_out(10)
        cookies = {"goodwill": token(shop)}
        here = TestClient(application(shop), base_url="http://127.0.0.1:8400", cookies=cookies)
        there = TestClient(application(shop, aside=DRAWS), base_url="http://127.0.0.1:8400", cookies=cookies)
        with here, there:
            yield here, there


def token(shop):
    """Of an owner who has signed in."""
    begun = shop.staff.set_up(shop.staff.invite("olga@shop.example", "Olga", "owner").token, "seven blue anvils")
    secret = shop.staff.begin_second_factor(begun.token).secret
    code = pyotp.TOTP(secret).at(shop.clock() // SECOND)
    return shop.staff.confirm_second_factor(begun.token, code).begun.token


def told(client, path):
    """What a page says once nothing is under way any more, without what differs from one look to the next."""
    for _ in range(240):
        answer = client.get(path)
        if "refresh" not in answer.headers and not re.search("being (worked out|drawn)", answer.text):
            main = answer.text[answer.text.index("<main") :]
            return answer.status_code, re.sub(r'\d\d:\d\d:\d\d|name="form" value="\w+"', "", main)
        time.sleep(0.25)
    raise AssertionError(f"{path} is never done")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_tells_what_was_worked_out_there_as_what_was_worked_out_here(clients, path):
    here, there = clients
    assert told(there, path) == told(here, path)


# ---- settings that were edited under a server -----------------------------------------------------------------------


@pytest.mark.parametrize("line", ["margin = 40", "marign = 40", "name = "])
def test_a_server_says_one_thing_although_its_file_of_settings_was_edited(tmp_path, line):
    with bakery(connect(tmp_path / "shop.db"), tmp_path, system_clock).shop as made:
        shop = cheaply(made)
        with (shop.folder / "goodwill.toml").open("a") as file:
            file.write(f"{line}\n")
        client = TestClient(
            application(shop, aside=DRAWS), base_url="http://127.0.0.1:8400", cookies={"goodwill": token(shop)}
        )
        with client:
            key = {"authorization": f"Bearer {key_for(shop, Scope.READ)}"}
            api = client.get("/api/v1/measures/roi", headers=key).json()
            status, page = told(client, "/office/measures/roi")
        assert "No margin is known" in json.dumps(api)
        assert (status, "No margin is known" in page) == (200, True)


def test_the_register_and_the_settings_there_are_the_ones_with_which_the_server_began(tmp_path):
    with bakery(connect(tmp_path / "shop.db"), tmp_path, system_clock).shop as shop:
        (shop.folder / "goodwill.toml").unlink()
        jobs = Jobs(shop, command(shop.folder))
        try:
            for what in ("settings", "register", "regimes"):
                assert jobs.of(what, 1, attrgetter(what), patience=60) == Done(getattr(shop, what))
        finally:
            jobs.close()


def test_a_password_of_the_database_is_not_in_what_a_shop_says_of_itself(tmp_path):
    with bakery(connect(tmp_path / "shop.db"), tmp_path, system_clock).shop as shop:
        assert shop.opened_with
        assert "opened_with" not in repr(shop)


# ---- a process that ends by itself, again and again -----------------------------------------------------------------


@pytest.fixture(scope="module")
def dying(tmp_path_factory):
    """A browser at a server whose other processes all end as soon as they begin, its shop, and its log."""
    folder, lines = tmp_path_factory.mktemp("dying"), io.StringIO()
    with bakery(connect(folder / "shop.db"), folder, system_clock).shop as made:
        shop = cheaply(made)
        shop.planning.hold_out(10)
        app = application(shop, aside=[sys.executable, "-c", "pass"], log=log_to(lines))
        with TestClient(app, base_url="http://127.0.0.1:8400", cookies={"goodwill": token(shop)}) as client:
            yield client, shop, lines


def settled(client, path, meanwhile="being (looked for|worked out|drawn)"):
    """The answer once nothing is under way any more."""
    for _ in range(240):
        answer = client.get(path)
        if "refresh" not in answer.headers and not re.search(meanwhile, answer.text):
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{path} is never done")


@pytest.mark.parametrize(
    "path", ["/office/measures/clv?draws=100", "/office/measures/minimisation", "/office/return", "/office/consent"]
)
def test_where_the_process_ended_twice_a_page_says_so_and_how_to_try_again(dying, path):
    answer = settled(dying[0], path)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "could not be worked out just now" in answer.text
    assert f'<a class="button" href="{path}">Try again</a>' in answer.text
    assert 'aria-label="Office"' in answer.text


def test_the_paper_of_a_report_that_could_not_be_worked_out_is_a_page_that_says_so(dying):
    answer = settled(dying[0], "/office/return/paper")
    assert (answer.status_code, "Try again" in answer.text) == (503, True)


def test_the_list_of_people_stays_where_pairs_cannot_be_looked_for(dying):
    for _ in range(100):
        answer = dying[0].get("/office/people")
        assert answer.status_code == 200
        assert "amina" in answer.text
        if "could not be looked for just now" in answer.text:
            return
        time.sleep(0.1)
    raise AssertionError("it is never said that pairs could not be looked for")


def test_the_home_stays_where_what_suggestions_brought_cannot_be_worked_out(dying):
    for _ in range(100):
        answer = dying[0].get("/")
        assert answer.status_code == 200
        if "could not be worked out" in answer.text:
            return
        time.sleep(0.1)
    raise AssertionError("it is never said that it could not be worked out")


def test_a_picture_that_could_not_be_drawn_is_tried_again():
    ends = []
    pictures = Pictures(aside=[sys.executable, "-c", "pass"], gone=ends.append)
    spec = bars([{"day": "Mon", "many": 3}], x="day", y="many")
    try:
        for times in (2, 4):
            drawing, why = pictures.of(spec, name="n", title="Days", says="More.", patience=60)
            assert (drawing, len(ends)) == ("", times)
            assert "could not be drawn just now" in why
    finally:
        pictures.close()


def test_each_process_that_ended_by_itself_is_counted_and_has_a_line_in_the_log(dying):
    client, shop, lines = dying
    settled(client, "/office/consent")
    key = {"authorization": f"Bearer {key_for(shop, Scope.READ)}"}
    (gone,) = re.findall(
        r"^goodwill_asides_gone_total (\d+)\.0$", client.get("/metrics", headers=key).text, re.MULTILINE
    )
    said = [one for one in map(json.loads, lines.getvalue().splitlines()) if one["event"] == "aside gone"]
    assert 2 <= int(gone) <= len(said)
    assert all(one["process"] > 0 for one in said)


def test_one_that_is_ended_with_the_server_or_rests_has_not_gone_by_itself(home):
    ends = []
    aside = Aside(command(home), 0.2, gone=ends.append)
    aside.do(attrgetter("settings.name"))
    time.sleep(1)
    aside.do(attrgetter("settings.name"))
    aside.close()
    assert ends == []
