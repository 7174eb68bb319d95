"""The demo's story: whole, in its order, the same when told again, and honest about what is invented."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from goodwill.app import DEMO, create_shop
from goodwill.basics.errors import Conflict
from goodwill.purposes import RECOMMENDATIONS
from goodwill.shop import Shop
from goodwill.simulate import demo, journey, story
from goodwill.simulate.told import Told


@pytest.fixture(scope="module")
def shop(few_households: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journey, "data_folder", lambda: few_households)
        with create_shop(tmp_path_factory.mktemp("demo") / "home", **DEMO) as opened:
            yield opened


@pytest.fixture(scope="module")
def chapters(shop: Shop) -> list[demo.Chapter]:
    heard: list[demo.Chapter] = []
    demo.tell(shop, listen=heard.append)
    return heard


@pytest.fixture
def told(shop: Shop, chapters: list[demo.Chapter]) -> Told:
    return demo.tell(shop)


def test_the_document_has_what_was_promised(told: Told) -> None:
    document = json.loads(json.dumps(told.document))
    assert document["people"] == 120
    assert document["watermark"] == "demo: consents invented"
    assert {"yes", "of", "why_not"} <= document["may_contact"].keys()
    assert {"rows", "rows_per_second", "rejected"} <= document["import"].keys()
    assert {"items", "seconds"} <= document["learn"].keys()
    assert [one["role"] for one in document["decisions"]] == ["consenting", "never-asked", "withdrawn"]
    for decision in document["decisions"]:
        assert {"items", "because", "covered", "used", "withheld"} <= decision.keys()
        assert decision["items"]
    assert {"hash_before", "hash_after", "hash_rebuilt_without", "equal", "milliseconds"} <= document[
        "forgetting"
    ].keys()
    names = {"usual+new", "usual", "own-frequency+popularity", "popularity"}
    assert document["accuracy"]["next_basket"].keys() == names
    assert all({"recall@10", "nDCG@10"} <= score.keys() for score in document["accuracy"]["next_basket"].values())
    assert document["accuracy"]["discovery"].keys() == {"affinity", "popularity"}
    assert document["seconds"] > 0


def test_the_story_goes_in_its_order(chapters: list[demo.Chapter]) -> None:
    kinds = " ".join(type(chapter).__name__ for chapter in chapters)
    assert kinds == "Opening Import Contact Learn Decided Decided Decided Forgetting Decided Accuracy Returned Closing"


def test_everybody_is_counted_once(told: Told) -> None:
    contact = told.may_contact
    assert contact.of == told.people == contact.yes + sum(contact.why_not.values())
    assert set(contact.why_not) <= {"never-asked", "refused", "withdrawn", "no-address"}


def test_what_came_in_is_what_went_out(told: Told) -> None:
    came = told.import_
    assert came.rows == came.kept + came.rejected == sum(file.rows for file in came.files)
    assert came.rejected == sum(came.why.values())
    assert [file.kind for file in came.files] == ["products", "customers", "consents", "order-lines"]


def test_amina_gets_her_own_bruno_what_everyone_gets_and_chiara_loses_hers(told: Told, shop: Shop) -> None:
    amina, bruno, chiara = told.decisions
    assert amina.personalised
    assert amina.used == ("purchases",)
    assert amina.withheld == ()
    assert (bruno.personalised, bruno.reason, bruno.used) == (False, "never-asked", ())
    assert chiara.before is not None
    assert chiara.before.personalised
    assert (chiara.personalised, chiara.reason) == (False, "withdrawn")
    everyone = [choice.product for choice in shop.decide(bruno.user_id).items]
    assert [item.product for item in chiara.items] == everyone


def test_the_withdrawal_is_proved_and_stays(told: Told, shop: Shop) -> None:
    forgetting = told.forgetting
    assert forgetting.equal
    assert forgetting.hash_after == forgetting.hash_rebuilt_without != forgetting.hash_before
    assert forgetting.people_after == forgetting.people_before - 1
    assert shop.can(forgetting.user_id, RECOMMENDATIONS).reason == "withdrawn"


def test_the_return_is_reported_and_what_is_invented_is_said(told: Told, shop: Shop) -> None:
    returned = told.returned
    assert returned is not None
    assert "Invented for the demo: 20 %" in returned.invented
    assert returned.verdict in ("too early", "did not", "worked")
    assert [name for name, *_ in returned.figures][:2] == ["return on investment", "net value"]
    assert shop.report(returned.until).sentence == returned.sentence
    for decision in told.decisions:
        assert not shop.planning.assigned(decision.user_id, "home").is_held_out


def test_a_story_that_was_told_is_told_again_as_it_was(shop: Shop, chapters: list[demo.Chapter], told: Told) -> None:
    heard: list[demo.Chapter] = []
    assert demo.tell(shop, listen=heard.append) == told
    assert heard == chapters


def test_other_households_need_a_fresh_shop(shop: Shop, told: Told) -> None:
    with pytest.raises(Conflict, match="--fresh"):
        demo.tell(shop, full=True)


def test_every_chapter_can_be_read_on_a_narrow_screen(chapters: list[demo.Chapter]) -> None:
    console = Console(width=80, record=True, markup=False)
    for chapter in chapters:
        console.print(story.tell(chapter))
    text = " ".join(console.export_text().split())
    assert text.startswith("demo: consents invented")
    for words in (
        "Consents are invented (seed 84)", "may be written to by e-mail", "never asked", "takes back every consent",
        "equal, bit for bit", "recall@10", "± ", "What it returned",
    ):  # fmt: skip
        assert words in text
    assert not {"None", "nan"} & set(text.split())


def test_only_a_demo_shop_is_cleared(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert not demo.clear(home)
    home.mkdir()
    (home / "goodwill.toml").write_text("a shop of somebody's own", encoding="utf-8")
    with pytest.raises(Conflict, match="no demo shop"):
        demo.clear(home)
    (home / "demo").mkdir()
    (home / "demo" / "begun.json").write_text("{}", encoding="utf-8")
    assert demo.clear(home)
    assert not home.exists()
