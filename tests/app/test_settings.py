"""What a shop is opened with: settings, register and master key, each checked, each fault named with its origin."""

import os
import stat
from base64 import b64encode
from importlib.resources import files
from pathlib import Path

import pytest
from tests.conftest import FakeClock

from goodwill.app import create_shop, keys_of, open_shop, origins, settings_of
from goodwill.basics.errors import BadInput, KeyMissing
from goodwill.purposes import USED


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock) -> Path:
    """The folder of a shop that nobody has open."""
    with create_shop(tmp_path / "home", clock=clock) as shop:
        return shop.folder


WRONG = {
    "zone": "Middle/Earth",
    "currency": "euros",
    "region": "it",
    "items": "things",
    "new_in_ten": "11",
    "settle_minutes": "-1",
    "figures_every": "hour",
    "margin": "101",
    "base_url": "shop.example",
    "columns": "excel",
    "columns_memory": "lots",
    "port": "http",
    "epoch_hours": "0",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_value_that_does_not_fit_is_refused_with_the_variable_that_holds_it(home, monkeypatch, name, value):
    monkeypatch.setenv(f"GOODWILL_{name.upper()}", value)
    for read in (settings_of, origins):
        with pytest.raises(BadInput, match=f"^GOODWILL_{name.upper()} must be .+, not '?{value}'?") as refused:
            read(home)
        assert "goodwill.toml" not in str(refused.value)


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_value_that_does_not_fit_is_refused_with_the_file_that_holds_it(home, name, value):
    file = home / "goodwill.toml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith(f"{name} =")]
    file.write_text("\n".join([*kept, f'{name} = "{value}"']))
    with pytest.raises(BadInput, match=f"'{name}' in {file} must be .+, not '{value}'"):
        origins(home)


def test_the_environment_outvotes_a_value_in_the_file_that_does_not_fit(home, monkeypatch):
    file = home / "goodwill.toml"
    file.write_text(file.read_text() + 'port = "http"\n')
    monkeypatch.setenv("GOODWILL_PORT", "8500")
    assert settings_of(home).port == 8500


def test_an_address_of_a_database_is_never_repeated(home):
    file = home / "goodwill.toml"
    file.write_text(file.read_text() + 'database = ["postgresql://shop:s3cret@db/shop"]\n')
    with pytest.raises(BadInput) as refused:
        settings_of(home)
    assert "s3cret" not in str(refused.value)


def test_a_file_without_the_shops_id_is_refused(home):
    file = home / "goodwill.toml"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("id =")))
    with pytest.raises(BadInput, match="lacks 'id'"):
        settings_of(home)


def test_what_could_not_be_opened_is_no_shop_yet(tmp_path, clock):
    with pytest.raises(BadInput, match="not in 'mysql'"):
        create_shop(tmp_path, clock=clock, database="mysql://db.example/shop")
    create_shop(tmp_path, clock=clock).close()


# ---- where links lead ----------------------------------------------------------------------------------------------


def test_links_lead_to_the_port_that_is_set_unless_an_address_is(home, clock, monkeypatch):
    monkeypatch.setenv("GOODWILL_PORT", "8500")
    with open_shop(home, clock=clock) as shop:
        assert shop.settings.reached_at == "http://127.0.0.1:8500"
    monkeypatch.setenv("GOODWILL_BASE_URL", "https://shop.example/goodwill/")
    with open_shop(home, clock=clock) as shop:
        assert shop.settings.reached_at == "https://shop.example/goodwill"


# ---- the register --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", USED)
def test_a_register_that_lacks_a_purpose_of_the_program_is_refused_when_the_shop_is_opened(home, clock, purpose):
    text = files("goodwill.purposes").joinpath("register.toml").read_text(encoding="utf-8")
    blocks = [block for block in text.split("[purpose.") if not block.startswith(f"{purpose}]")]
    (home / "own.toml").write_text("[purpose.".join(blocks), encoding="utf-8")
    (home / "goodwill.toml").write_text((home / "goodwill.toml").read_text() + 'purposes = "own.toml"\n')
    with pytest.raises(BadInput) as refused:
        open_shop(home, clock=clock)
    said = str(refused.value)
    assert str(home / "own.toml") in said
    assert f"lacks [purpose.{purpose}]," in said
    assert "Copy what is missing" in said
    (shipped,) = (word.strip("()") for word in said.split() if word.startswith("("))
    assert Path(shipped.rstrip("),")).exists()


# ---- the master key ------------------------------------------------------------------------------------------------

KEY = bytes(range(32))


@pytest.fixture
def vault(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a shop whose master key stands in the environment alone."""
    monkeypatch.setenv("GOODWILL_MASTER_KEY", KEY.hex())
    with create_shop(tmp_path / "vault", clock=clock) as shop:
        return shop.folder


def test_with_a_master_key_in_the_environment_no_file_holds_one(vault):
    assert not (vault / "keys" / "master.key").exists()
    assert not any(KEY in file.read_bytes() or KEY.hex().encode() in file.read_bytes() for file in _files(vault))


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("written", [KEY.hex(), KEY.hex().upper(), b64encode(KEY).decode(), f" {KEY.hex()}\n"])
def test_it_may_be_written_in_hexadecimal_or_base64(vault, clock, monkeypatch, written):
    monkeypatch.setenv("GOODWILL_MASTER_KEY", written)
    open_shop(vault, clock=clock).close()


@pytest.mark.parametrize("held", [KEY, KEY.hex().encode() + b"\n", b64encode(KEY)])
def test_it_may_lie_in_a_file_that_the_environment_names(vault, clock, monkeypatch, tmp_path, held):
    monkeypatch.delenv("GOODWILL_MASTER_KEY")
    (tmp_path / "secret").write_bytes(held)
    monkeypatch.setenv("GOODWILL_MASTER_KEY_FILE", str(tmp_path / "secret"))
    open_shop(vault, clock=clock).close()


def test_another_master_key_is_refused_with_where_it_came_from(vault, clock, monkeypatch):
    other = bytes(32).hex()
    monkeypatch.setenv("GOODWILL_MASTER_KEY", other)
    with pytest.raises(KeyMissing, match=r"does not open the key store.*GOODWILL_MASTER_KEY") as refused:
        open_shop(vault, clock=clock)
    assert other not in str(refused.value)


def test_without_it_the_shop_stays_shut_and_no_new_key_is_made(vault, clock, monkeypatch):
    monkeypatch.delenv("GOODWILL_MASTER_KEY")
    with pytest.raises(KeyMissing):
        open_shop(vault, clock=clock)
    assert not (vault / "keys" / "master.key").exists()


@pytest.mark.parametrize("text", ["", "tea", KEY.hex()[:-2], b64encode(KEY[:31]).decode(), "é" * 64])
def test_what_is_no_key_is_refused_without_being_repeated(vault, clock, monkeypatch, text):
    monkeypatch.setenv("GOODWILL_MASTER_KEY", text)
    with pytest.raises(BadInput, match="GOODWILL_MASTER_KEY holds no master key") as refused:
        open_shop(vault, clock=clock)
    assert not text or text not in str(refused.value)


def test_two_master_keys_are_one_too_many(vault, monkeypatch, tmp_path):
    monkeypatch.setenv("GOODWILL_MASTER_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(BadInput, match="both set"):
        keys_of(vault)


def test_a_file_of_a_key_that_is_not_there_is_named(vault, monkeypatch, tmp_path):
    monkeypatch.delenv("GOODWILL_MASTER_KEY")
    monkeypatch.setenv("GOODWILL_MASTER_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match=r"GOODWILL_MASTER_KEY_FILE names .*nowhere"):
        keys_of(vault)


def test_a_shop_that_was_made_with_a_file_refuses_another_key_from_the_environment(home, clock, monkeypatch):
    monkeypatch.setenv("GOODWILL_MASTER_KEY", KEY.hex())
    with pytest.raises(KeyMissing):
        open_shop(home, clock=clock)
    monkeypatch.setenv("GOODWILL_MASTER_KEY", (home / "keys" / "master.key").read_bytes().hex())
    open_shop(home, clock=clock).close()
    assert stat.S_IMODE((home / "keys" / "master.key").stat().st_mode) == 0o600
    assert "GOODWILL_MASTER_KEY" in os.environ
