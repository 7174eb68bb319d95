"""Files on the office's page: nothing is kept before somebody saw the counts, and an import can be taken back."""

import csv
import io
import os
import re
import threading
import time
import zipfile

import pytest
from litestar.testing import TestClient
from tests.collect.formats.exports import SHOPIFY_ORDERS
from tests.conftest import FakeClock
from tests.staff.working import cheaply, hired
from tests.web.test_staff_pages import HOST, Browser

from goodwill.app import create_shop
from goodwill.collect import imports
from goodwill.shop import Who
from goodwill.shop.intake import Intake
from goodwill.web.application import application
from goodwill.web.bringing import KEPT, clear_uploads

FILES = "/office/imports"
CUSTOMERS = (
    b"customer;email;first name;Lieblingsfarbe\nc1;amina@example.org;Amina;gr\xc3\xbcn\nc2;no address;Bruno;rot\n"
)


class Desk(Browser):
    """Somebody who brings files."""

    def bring(self, *files, form=None, **headers):
        self.get(FILES)
        sent = [("files", (name, data)) for name, data in files]
        form = self.form if form is None else form
        return self._ask("POST", f"{FILES}/bring", headers={**self.headers, **headers}, data={"form": form}, files=sent)

    def brought(self, *files):
        """Bring files, and wait until they were looked at."""
        answer = self.bring(*files)
        assert answer.status_code == 303, answer.text
        self.at = answer.headers["location"]
        return self.settled()

    def settled(self):
        for _ in range(4_000):
            answer = self.get(self.at)
            if "refresh" not in answer.headers:
                return answer
            assert "looks again by itself" in answer.text
            time.sleep(0.025)
        raise AssertionError("the thread never came to an end")

    def took_back(self, number):
        """Take an import back, and wait until it is gone."""
        answer = self.post(f"{FILES}/undo", **{"import": number})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{FILES}?back={number}")
        self.at = answer.headers["location"]
        return self.settled()

    def press(self, what, **fields):
        answer = self.post(f"{FILES}/{what}?{self.at.partition('?')[2]}", **fields)
        assert answer.status_code == 303, answer.text
        return self.settled()


class House:
    def __init__(self, shop, client):
        self.shop, self.client = shop, client
        self.staff = {role: hired(shop, role) for role in ("owner", "developer", "marketer", "analyst")}

    def desk(self, role="marketer"):
        return Desk(self.client).signed_in(self.staff[role])

    def knows(self, email):
        with self.shop.database.reading() as connection:
            return self.shop.find_in(connection, Who(email=email)) is not None


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def house(request, tmp_path_factory):
    if request.param == "postgresql":
        with request.getfixturevalue("postgresql").database() as where:
            yield from _open(tmp_path_factory, where)
    else:
        yield from _open(tmp_path_factory, "")


def _open(tmp_path_factory, where):
    folder = tmp_path_factory.mktemp("files") / "home"
    clock = FakeClock(1_795_338_000_000_000)
    shop = cheaply(create_shop(folder, clock=clock, base_url=HOST, columns="database", currency="EUR", database=where))
    with TestClient(application(shop), base_url=HOST) as client:
        yield House(shop, client)
    shop.close()


def shopify(orders=3):
    """An export of some orders as Shopify writes it."""
    text = io.StringIO()
    rows = csv.DictWriter(text, SHOPIFY_ORDERS, restval="")
    rows.writeheader()
    for number in range(orders):
        rows.writerow({
            "Name": f"#{number}", "Id": f"58{number}", "Email": f"shopper{number}@example.org", "Currency": "EUR",
            "Financial Status": "paid", "Created at": f"2026-11-0{number + 1} 10:00:00 +0100", "Total": "4.90",
            "Lineitem quantity": "1", "Lineitem name": "Bread", "Lineitem price": "4.90", "Lineitem sku": "bread",
            "Accepts Marketing": "yes" if number == 0 else "no", "Employee": "Olga",
        })  # fmt: skip
    return text.getvalue().encode()


def test_an_owners_export_is_in_within_four_clicks_and_out_again_with_one(house):
    desk = house.desk("owner")  # choose the files (1), press "See what would come in" (2)
    seen = desk.brought(("orders_export.csv", shopify()))
    assert "This is what would come in" in seen.text
    assert "Shopify" in seen.text
    assert re.search(r"You would then be allowed to e-mail <strong>1 of 3</strong>", seen.text)
    assert "2 were never asked" in seen.text
    assert "Employee" in seen.text
    assert "who sold it is not taken in" in seen.text
    assert not house.knows("shopper0@example.org")
    taken = desk.press("take")  # press "Take it in" (3)
    assert "Your files are in" in taken.text
    assert house.knows("shopper0@example.org")
    number = re.search(r"This is import (\d+)", taken.text)[1]
    assert f"Import {number} is taken back" in desk.took_back(number).text
    assert not house.knows("shopper0@example.org")


def test_which_column_says_what_can_be_changed_and_rejected_rows_come_back(house):
    desk = house.desk()
    seen = desk.brought(("kunden.csv", CUSTOMERS))
    assert "Lieblingsfarbe" in seen.text  # left behind, in the owner's word
    assert "no address" in seen.text  # the one that is rejected, with its value
    name = re.search(r'rejects\?files=\w+&amp;name=([^"]+)"', seen.text)[1]
    file = desk.get(f"{FILES}/rejects?{desk.at.partition('?')[2]}&name={name}")
    assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "no address" in file.text
    assert "Amina" not in file.text
    other = desk.press("look", **{"read:first-name": "Lieblingsfarbe"})
    assert re.search(r'name="read:first-name"[^>]*>.*?<option selected>Lieblingsfarbe</option>', other.text, re.DOTALL)
    both = desk.press("look", more="country", value="DE")
    assert "DE, in all rows" in both.text
    assert re.search(r'name="read:first-name"[^>]*>.*?<option selected>Lieblingsfarbe</option>', both.text, re.DOTALL)
    half = desk.post(f"{FILES}/look?{desk.at.partition('?')[2]}", more="country")
    assert (half.status_code, "Say both" in half.text) == (422, True)


def test_a_file_that_cannot_be_understood_asks_and_goes_on_with_the_answer(house):
    desk = house.desk()
    asked = desk.brought(("till.csv", b"moment,thing,slip\n2026-11-01 10:00,bread,7\n2026-11-02 10:00,milk,8\n"))
    assert "A question about your files" in asked.text
    assert "nobody can tell what it holds" in asked.text
    assert "--" not in re.search(r'role="alert">(.*?)</p>', asked.text)[1]  # that is for the command line
    for field, column in (("product", "thing"), ("order", "slip"), ("time", "moment")):
        answer = desk.press("look", **{"as": "order-lines"}, more=field, column=column)
    assert "This is what would come in" in answer.text
    assert re.search(r'name="read:time"[^>]*>.*?<option selected>moment</option>', answer.text, re.DOTALL)


def test_what_is_said_of_one_file_changes_no_other(house):
    desk = house.desk()
    people = b"customer,email,name\np1,part1@example.org,Pia\n"
    orders = b"order,total,time,customer,E-Mail\n7,1.00,2026-11-01,p1,part1@example.org\n"
    desk.brought(("people.csv", people), ("orders.csv", orders))
    same = {f"read:{name}": heading for name, heading in (("customer", "customer"), ("email", "email"))}
    answer = desk.press("look", part=0, **same)  # as it stands there, of the customers
    assert len(re.findall(r'name="read:email"', answer.text)) == 2
    assert "<option selected>E-Mail</option>" in answer.text


def test_a_bare_yes_asks_its_question_in_the_words_of_the_page(house):
    desk = house.desk()
    asked = desk.brought(("newsletter.csv", b"Email,Newsletter\nnews@example.org,yes\nnone@example.org,no\n"))
    question = re.search(r'role="alert">(.*?)</p>', asked.text, re.DOTALL)[1]
    assert "--" not in question
    assert "What did people tick, when, and with which words?" in question
    assert "unknown" in question
    for field in ("time", "words"):
        answer = desk.press("look", more=field, value="unknown")
    assert "This is what would come in" in answer.text


def test_how_a_file_is_written_can_be_said_on_the_page(house):
    desk = house.desk()
    file = b"order;product;time;amount\n1;bread;03/04/2026;1.234\n2;bread;05/04/2026;1.234\n"
    seen = desk.brought(("till.csv", file))
    for way, value in (("dates", "dmy"), ("decimal", ",")):
        seen = desk.press("look", more=way, value=value)
    assert "Rejected</h2>" not in seen.text
    assert "--map" not in seen.text


def test_what_was_interrupted_is_not_called_otherwise_understood(house):
    desk, shop = house.desk(), house.shop
    file = ("half.csv", b"customer,email\n" + b"".join(b"h%d,half%d@example.org\n" % (n, n) for n in range(50)))
    desk.brought(file)
    found = shop.folder / "uploads" / desk.at.rpartition("=")[2] / "half.csv"

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.intake.run(imports.plan([found]), rejects_to=found.with_name("rejects.csv"), progress=stop)
    seen = desk.press("look")
    assert "understood them otherwise" not in seen.text
    desk.press("take")
    assert not found.exists()  # nobody needs it any more


def test_an_interrupted_import_says_so_and_can_be_taken_back(house, tmp_path):
    desk, shop = house.desk(), house.shop
    path = tmp_path / "stopped.csv"
    path.write_bytes(b"customer,email\n" + b"".join(b"s%d,stopped%d@example.org\n" % (n, n) for n in range(50)))

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.intake.run(imports.plan([path]), rejects_to=path.with_name("rejects.csv"), progress=stop)
    with shop.database.reading() as connection:
        number = imports.list_imports(connection)[-1].id
    text = desk.get(FILES).text
    assert re.search(rf"Import {number} did not come to its end: bring the same files again", text)
    assert f"Take import {number} back" in text
    assert f"Import {number} is taken back" in desk.took_back(number).text
    assert not house.knows("stopped1@example.org")
    assert "did not come to its end" not in desk.get(FILES).text


def test_an_import_is_taken_back_by_the_thread_that_takes_files_in_and_the_page_follows_it(house, monkeypatch):
    desk, shop = house.desk(), house.shop
    desk.brought(("slow.csv", b"customer,email,name\nl1,slow@example.org,Lea\n"))
    number = re.search(r"This is import (\d+)", desk.press("take").text)[1]
    go, undo = threading.Event(), Intake.undo
    names = []

    def slowly(self, what):
        names.append(threading.current_thread().name)
        assert go.wait(20)
        return undo(self, what)

    monkeypatch.setattr(Intake, "undo", slowly)
    answer = desk.post(f"{FILES}/undo", **{"import": number})  # it does not wait for the end
    going = desk.get(answer.headers["location"])
    assert f"Import {number} is being taken back" in going.text
    assert going.headers["refresh"].endswith(f"back={number}")
    assert desk.post(f"{FILES}/undo", **{"import": number}).status_code == 303  # twice is once
    go.set()
    desk.at = answer.headers["location"]
    assert f"Import {number} is taken back" in desk.settled().text
    assert names == ["goodwill-import_0"]
    assert shop.find(Who(email="slow@example.org")) is None


def test_what_cannot_be_taken_back_says_why(house):
    desk = house.desk()
    assert desk.post(f"{FILES}/undo", **{"import": "987654"}).status_code == 404
    assert desk.post(f"{FILES}/undo", **{"import": "x"}).status_code == 404
    desk.brought(("gone.csv", b"customer,email,name\ng1,gone@example.org,Gil\n"))
    number = re.search(r"This is import (\d+)", desk.press("take").text)[1]
    desk.took_back(number)
    assert "undone" in desk.took_back(number).text


@pytest.mark.parametrize("name", ["damaged.zip", "damaged.xlsx"])
def test_a_damaged_file_is_no_question(house, name):
    desk = house.desk()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("customers.csv", "customer,email\n" + "z1,zip@example.org\n" * 500)
    text = desk.brought((name, packed.getvalue()[:-40])).text
    assert "These files cannot be read" in text
    assert "A question about your files" not in text
    assert "Leave it" in text
    assert "The files hold" not in text


def test_a_zip_of_files_and_names_that_would_lead_elsewhere_stay_in_their_folder(house):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("customers.csv", "customer,email,name\nz1,zip@example.org,Zoe\n")
    desk = house.desk()
    desk.brought(("../../../shop.zip", packed.getvalue()))
    uploads = house.shop.folder / "uploads"
    assert {path.parent.parent for path in uploads.rglob("shop.zip")} == {uploads}
    desk.press("take")
    assert house.knows("zip@example.org")
    assert not list(uploads.rglob("shop.zip"))  # nobody needs it any more
    desk.brought(("../../../shop.zip", packed.getvalue()))
    assert house.desk("owner").get(desk.at).status_code == 404  # whoever brought them sees them, and nobody else
    desk.post(f"{FILES}/let-go?{desk.at.partition('?')[2]}")
    assert not list(uploads.rglob("shop.zip"))
    assert desk.get(desk.at).status_code == 404


def test_files_that_nobody_looks_at_are_deleted(house):
    desk = house.desk()
    desk.brought(("forgotten.csv", b"customer,email\nf1,forgotten@example.org\n"))
    folder = next((house.shop.folder / "uploads").rglob("forgotten.csv")).parent
    assert clear_uploads(house.shop.folder) == 0
    os.utime(folder, (time.time() - KEPT - 1, time.time() - KEPT - 1))
    assert clear_uploads(house.shop.folder) == 1
    assert not folder.exists()
    assert "These files" in desk.post(f"{FILES}/let-go?files={'0' * 32}").text


@pytest.mark.parametrize("role", ["analyst"])
def test_whoever_may_not_import_sees_nothing_and_writes_nothing(house, role):
    desk = house.desk(role)
    assert desk.get(FILES).status_code == 403
    before = files_in(house)
    answer = desk.bring(("a.csv", CUSTOMERS), form=form_of(desk))
    assert answer.status_code == 403
    assert files_in(house) == before


def test_files_from_another_site_or_without_a_session_are_not_even_written(house):
    desk, before = house.desk(), files_in(house)
    assert Desk(house.client).bring(("a.csv", CUSTOMERS), form="x").headers["location"] == "/staff/sign-in"
    assert desk.bring(("a.csv", CUSTOMERS), form="0" * 32).status_code == 403
    assert desk.bring(("a.csv", CUSTOMERS), **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert files_in(house) == before


def test_what_is_no_form_of_files_is_refused_on_the_page(house):
    desk = house.desk()
    nothing = desk.bring(("", b""))
    assert (nothing.status_code, "Choose at least one file." in nothing.text) == (422, True)
    plain = desk.post(f"{FILES}/bring")
    assert (plain.status_code, "multipart/form-data" in plain.text) == (415, True)
    cut = desk._ask(
        "POST", f"{FILES}/bring", content=b'--b\r\nContent-Disposition: form-data; name="form"\r\n\r\nx',
        headers={**desk.headers, "Content-Type": "multipart/form-data; boundary=b"},
    )  # fmt: skip
    assert cut.status_code == 422
    assert "did not arrive whole" in cut.text


def test_a_file_that_is_none_says_so_and_can_be_left(house):
    desk = house.desk()
    broken = desk.brought(("list.pdf", b"%PDF-1.7 and so on"))
    assert "is a PDF" in broken.text
    assert desk.post(f"{FILES}/let-go?{desk.at.partition('?')[2]}").headers["location"] == FILES


def test_the_same_files_are_the_same_and_news_alone_comes_in(house):
    desk, file = house.desk(), ("again.csv", b"customer,email,name\nr1,again@example.org,Rana\n")
    desk.brought(file)
    desk.press("take")
    first = desk.at
    seen = desk.brought(file)
    assert desk.at == first
    assert re.search(r"<td>again.csv</td><th scope=\"row\">customers</th>(<td class=\"number\">\d</td>){5}", seen.text)
    assert "This is import" not in desk.press("take").text  # there is nothing to take back


def form_of(desk):
    desk.get("/staff")
    return desk.form


def files_in(house):
    return sorted(str(path) for path in (house.shop.folder / "uploads").rglob("*") if path.is_file())
