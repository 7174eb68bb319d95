"""OpenFeature's own library for Node.js, unmodified, reads slots as flags."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.clients.conftest import Place

from goodwill.web.keys import create_key

HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def flag(place: Place):
    if shutil.which("node") is None or not (HERE / "node_modules" / ".made-for").exists():
        pytest.skip("needs Node.js and the libraries that `sh scripts/test_services.sh` installs")
    with place.shop() as shop, shop.database.transaction() as connection:
        key = create_key(connection, "flags", ["decide"], now=shop.clock()).text

    def read(user, slot="home", key=key):
        told = subprocess.run(
            ["node", HERE / "flags.mjs", place.wire.address, key, user, slot],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)

    return read


def test_a_slot_is_a_flag_with_the_consent_in_its_metadata(flag):
    for user, why in (("nobody-asked", "unknown-person"), ("", "anonymous")):
        found = flag(user)
        assert found.get("errorCode") is None, found
        assert (found["flagKey"], found["variant"], found["reason"]) == ("home", "everyone", "DEFAULT")
        assert found["flagMetadata"]["consent"] == why
        assert found["value"]["items"] != ["fallback"]


def test_where_there_is_no_slot_or_no_key_the_library_gives_its_fallback(flag):
    missing = flag("amina", "No Slot")
    assert (missing["errorCode"], missing["value"]) == ("FLAG_NOT_FOUND", {"items": ["fallback"]})
    closed = flag("amina", key="gw_nothing")
    assert (closed["reason"], closed["value"]) == ("ERROR", {"items": ["fallback"]})
