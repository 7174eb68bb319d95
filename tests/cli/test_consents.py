"""Who allows what, asked and written down on the command line."""

from tests.cli.conftest import Run

from goodwill.cli.ends import Code


def test_amina_allows_recommendations_and_the_exit_code_says_so(shop: Run):
    ended = shop("can", "amina", "recommendations", "--json")
    assert ended.code == Code.DONE
    assert ended.document["allowed"] is True
    assert ended.document["reason"] == "allowed"
    assert ended.document["position"] > 0


def test_bruno_and_chiara_do_not_and_each_no_has_its_reason(shop: Run):
    for person, reason in (("bruno", "never-asked"), ("chiara", "withdrawn"), ("nobody-we-know", "unknown-person")):
        ended = shop("can", person, "recommendations", "--json")
        assert ended.code == Code.REFUSED
        assert ended.document["allowed"] is False
        assert ended.document["reason"] == reason
        assert shop("can", person, "recommendations").out.startswith(f"No: {reason}")


def test_whoever_is_not_known_is_told_so_in_words(shop: Run):
    said = shop("can", "nobody-we-know", "recommendations").out
    assert said == (
        "No: unknown-person. Nobody is known here as 'nobody-we-know', and whoever is not known allows nothing.\n"
    )


def test_a_yes_from_a_file_without_times_says_that_its_time_was_not_given(shop: Run, tmp_path):
    (tmp_path / "yes.csv").write_text("user_id,purpose,state\nzoe,offers,yes\n", encoding="utf-8")
    assert shop("import", tmp_path / "yes.csv", "--as", "consents").code == Code.DONE
    for words in (("consent", "show", "zoe"), ("can", "zoe", "offers"), ("people", "show", "zoe")):
        said = shop(*words)
        assert "time not given" in said.out, words
        assert "1970" not in said.out
        assert "1970" not in shop(*words, "--json").out
    assert "1970" not in shop("people", "export", "zoe").out


def test_rows_of_one_answer_are_shown_together(shop: Run):
    shop("consent", "grant", "bruno", "recommendations", "--how", "till")
    document = shop("consent", "show", "bruno", "--json").document
    positions = [row["position"] for row in document["consents"]]
    lines = shop("consent", "show", "bruno").out.splitlines()[2:]
    assert len(positions) == 4
    assert len(lines) == 1
    assert lines[0].startswith(f"{positions[0]}–{positions[-1]}   recommendations")
    assert lines[0].endswith("purchases, browsing, preferences, feedback")


def test_an_unregistered_purpose_is_not_found_and_the_register_is_pointed_at(shop: Run):
    ended = shop("can", "amina", "world-domination")
    assert ended.code == Code.NOT_FOUND
    assert "recommendations" in ended.err


def test_grant_and_withdraw_are_followed_at_once(shop: Run):
    given = shop("consent", "grant", "bruno", "recommendations", "--category", "purchases", "--how", "till", "--json")
    assert given.document["state"] == "given"
    assert given.document["categories"] == ["purchases"]
    can = shop("can", "bruno", "recommendations", "--json").document
    assert [line["category"] for line in can["categories"] if line["allowed"]] == ["purchases"]
    taken = shop("consent", "withdraw", "bruno", "recommendations", "--how", "phone", "--json")
    assert taken.document["state"] == "withdrawn"
    assert shop("can", "bruno", "recommendations").code == Code.REFUSED


def test_every_word_stays_in_the_ledger_with_how_it_was_said(shop: Run):
    shop("consent", "grant", "bruno", "recommendations", "--how", "till", "--notice", "till-2", "--words", "May we?")
    rows = shop("consent", "show", "bruno", "--json").document["consents"]
    assert {row["state"] for row in rows} == {"given"}
    assert rows[0]["notice"] == "till-2"
    assert rows[0]["evidence"] == "claimed"
    assert rows[0]["asked"] == {"by": "command line", "how": "till", "words": "May we?"}
    assert "till-2" in shop("consent", "show", "bruno").out


def test_a_purpose_that_rests_on_the_law_has_no_choice_to_record(shop: Run):
    ended = shop("consent", "grant", "amina", "bookkeeping")
    assert ended.code == Code.USAGE
    assert "legal-obligation" in ended.err


def test_nobody_unknown_has_anything_to_take_back(shop: Run):
    ended = shop("consent", "withdraw", "nobody-we-know", "recommendations")
    assert ended.code == Code.NOT_FOUND
    assert shop("people", "find", "nobody-we-know").code == Code.NOT_FOUND


def test_a_grant_to_somebody_new_says_that_they_are_new(shop: Run):
    ended = shop("consent", "grant", "elena", "recommendations")
    assert ended.code == 0
    assert "not known before" in ended.err
    assert shop("can", "elena", "recommendations").code == Code.DONE


def test_an_unknown_notice_and_a_language_that_is_none_are_refused_and_nothing_is_written(shop: Run):
    words = ("consent", "grant", "zoe", "recommendations")
    unknown = shop(*words, "--notice", "foo")
    assert unknown.code == Code.USAGE
    known = "banner-on-pages@1, banner-on-pages@2, banner@1, banner@2"
    assert f"No notice 'foo' is known here; there are: {known}" in unknown.err
    for odd in ("zz$$", "german!", "e"):
        wrong = shop(*words, "--language", odd)
        assert (wrong.code, f"'{odd}' is no language tag (BCP 47)" in wrong.err) == (Code.USAGE, True)
    assert shop("people", "find", "zoe").code == Code.NOT_FOUND
    assert shop(*words, "--notice", "banner@2", "--language", "de-CH").code == Code.DONE
    assert shop(*words, "--notice", "card-7", "--words", "May we?").code == Code.DONE


def test_a_yes_to_news_waits_for_its_confirmation_and_says_why(shop: Run):
    waits = shop("consent", "grant", "elena", "email-marketing", "--how", "till")
    assert waits.code == Code.DONE
    assert "email-marketing requested" in waits.out
    assert "No letter was sent: no e-mail address of this person is known here" in waits.err
    assert shop("can", "elena", "email-marketing").code == Code.REFUSED
    for never in ("yesterday", "2026-11-22T09:30:00", "2999-01-01T00:00:00Z"):
        assert shop("consent", "grant", "elena", "email-marketing", "--confirmed-at", never).code == Code.USAGE
    given = shop("consent", "grant", "elena", "email-marketing", "--confirmed-at", "2026-03-01T10:00:00Z", "--json")
    assert given.document["state"] == "given"
    assert shop("can", "elena", "email-marketing").code == Code.DONE
