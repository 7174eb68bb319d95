"""Keys for programs: shown once, listed without their secrets, closed for good."""

from tests.cli.conftest import Run

from goodwill.cli.ends import Code


def test_the_secret_is_printed_once_alone_on_stdout(shop: Run):
    ended = shop("keys", "create", "webshop", "--scope", "decide", "--scope", "consent")
    assert ended.code == 0
    secret = ended.out.strip()
    assert secret.startswith("gw_")
    assert "\n" not in secret
    assert secret not in ended.err
    listed = shop("keys", "list", "--json")
    assert secret not in listed.out
    assert listed.document["keys"][0]["scopes"] == ["consent", "decide"]


def test_a_scope_that_does_not_exist_is_refused(shop: Run):
    ended = shop("keys", "create", "webshop", "--scope", "everything")
    assert ended.code == Code.USAGE
    assert "decide" in ended.err
    assert shop("keys", "list", "--json").document == {"keys": []}


def test_a_key_for_pages_only_sends_in_and_is_bound_to_its_sites(shop: Run):
    on_pages = ("keys", "create", "pages", "--scope", "collect", "--public", "--origin")
    made = shop(*on_pages, "https://Shop.example/", "--json")
    assert made.code == Code.DONE
    assert made.document["public"] is True
    assert made.document["origins"] == ["https://shop.example"]
    assert "collect (on pages)" in shop("keys", "list").out
    refused = shop("keys", "create", "pages", "--scope", "collect", "--scope", "read", "--public")
    assert (refused.code, "'collect' alone" in refused.err) == (Code.USAGE, True)
    refused = shop(*on_pages, "shop.example/path")
    assert (refused.code, "https://shop.example" in refused.err) == (Code.USAGE, True)
    refused = shop("keys", "create", "server", "--scope", "collect", "--origin", "https://shop.example")
    assert (refused.code, "--public" in refused.err) == (Code.USAGE, True)


def test_the_example_leads_to_where_the_shop_is_served(shop: Run, monkeypatch):
    monkeypatch.setenv("GOODWILL_PORT", "8500")
    assert "http://127.0.0.1:8500/api/v1/" in shop("keys", "create", "x", "--scope", "read").err


def test_without_any_key_there_is_no_empty_table(shop: Run):
    assert shop("keys", "list").out.startswith("No key yet.")


def test_revoking_asks_and_then_holds(shop: Run):
    made = shop("keys", "create", "webshop", "--scope", "read", "--json").document
    assert shop("keys", "revoke", made["id"], "--no-input").code == Code.USAGE
    assert shop("keys", "revoke", made["id"], "--yes", "--json").document["revoked_at"]
    assert "revoked" in shop("keys", "list").out


def test_a_key_that_is_not_there_is_not_found(shop: Run):
    ended = shop("keys", "revoke", "nothere", "--yes")
    assert ended.code == Code.NOT_FOUND
    assert "goodwill keys list" in ended.err


def test_each_key_says_where_it_is_used(shop: Run):
    sends = shop("keys", "create", "webshop", "--scope", "collect").err
    assert "/v1/…" in sends
    assert "/api/v1/" not in sends
    both = shop("keys", "create", "both", "--scope", "collect", "--scope", "decide").err
    assert "write key" in both
    assert "/api/v1/…" in both
    assert "/goodwill.js" in shop("keys", "create", "pages", "--scope", "collect", "--public").err
