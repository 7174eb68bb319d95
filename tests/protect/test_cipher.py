"""What is sealed opens in its own place alone."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, KeyMissing
from goodwill.protect import Cipher, KeyStore, Sealed
from goodwill.protect.framed import framed

AMINA, BRUNO = 1, 2
TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
WORDS = some.lists(some.one_of(TEXTS, some.integers(-(2**63), 2**63 - 1)), max_size=5)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    opened = KeyStore.open(tmp_path_factory.mktemp("keys"), clock=lambda: Micros(5), master=bytes(32))
    opened.create(range(1, 101))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def cipher(keys):
    return Cipher(keys, "test-shop")


@given(text=TEXTS, field=TEXTS)
def test_what_is_sealed_opens_again(cipher, text, field):
    assert cipher.open(AMINA, field, cipher.seal(AMINA, field, text)) == text


def test_sealing_twice_gives_different_bytes(cipher):
    assert cipher.seal(AMINA, "name", "Amina").data != cipher.seal(AMINA, "name", "Amina").data


def test_the_bytes_tell_their_form_first_and_are_29_longer_than_the_text(cipher):
    sealed = cipher.seal(AMINA, "name", "Amina")
    assert sealed.data[0] == 1
    assert len(sealed.data) == 1 + 12 + len("Amina") + 16
    assert b"Amina" not in sealed.data


@given(
    there=some.tuples(some.integers(1, 5), TEXTS, some.sampled_from(["a", "b", "ab"]), some.integers(1, 3)),
    here=some.tuples(some.integers(1, 5), TEXTS, some.sampled_from(["a", "b", "ab"]), some.integers(1, 3)),
)
def test_moved_to_another_person_field_shop_or_epoch_it_stays_shut(keys, there, here):
    person, field, tenant, _ = there
    sealed = Cipher(keys, tenant).seal(person, field, "secret")
    moved = Sealed(here[3], sealed.data)
    if (person, field, tenant, sealed.epoch) == here:
        assert Cipher(keys, here[2]).open(here[0], here[1], moved) == "secret"
    else:
        with pytest.raises(BadInput, match="does not open"):
            Cipher(keys, here[2]).open(here[0], here[1], moved)


@pytest.mark.parametrize("place", ["person", "field", "shop", "epoch"])
def test_each_part_of_the_place_counts_by_itself(keys, place):
    sealed = Cipher(keys, "shop").seal(AMINA, "name", "Amina")
    moved = Sealed(2 if place == "epoch" else sealed.epoch, sealed.data)
    other = Cipher(keys, "other" if place == "shop" else "shop")
    with pytest.raises(BadInput, match="does not open"):
        other.open(BRUNO if place == "person" else AMINA, "city" if place == "field" else "name", moved)


def test_under_one_persons_key_the_number_in_the_place_still_counts(keys, cipher, monkeypatch):
    # Were the key alone to tell people apart, a key store that mixed two rows up would go unnoticed.
    sealed = cipher.seal(AMINA, "name", "Amina")
    key = keys.key(AMINA)
    monkeypatch.setattr(keys, "key", lambda person: key)
    with pytest.raises(BadInput):
        cipher.open(BRUNO, "name", sealed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flip=some.integers(0, 8 * (1 + 12 + 5 + 16) - 1))
def test_a_single_changed_bit_is_noticed(cipher, flip):
    sealed = cipher.seal(AMINA, "name", "Amina")
    data = bytearray(sealed.data)
    data[flip // 8] ^= 1 << flip % 8
    with pytest.raises(BadInput):
        cipher.open(AMINA, "name", Sealed(sealed.epoch, bytes(data)))


@pytest.mark.parametrize("length", [0, 1, 12, 28])
def test_cut_off_bytes_are_refused(cipher, length):
    sealed = cipher.seal(AMINA, "name", "")
    with pytest.raises(BadInput):
        cipher.open(AMINA, "name", Sealed(1, sealed.data[:length]))


def test_broken_unicode_is_refused_and_says_where(cipher):
    with pytest.raises(BadInput, match="character 3"):
        cipher.seal(AMINA, "name", "Am\ud800")
    with pytest.raises(BadInput, match="character 1"):
        cipher.lookup("user_id", "\udfff")


def test_nothing_is_sealed_for_somebody_without_a_key(cipher):
    with pytest.raises(KeyMissing):
        cipher.seal(999, "name", "Dev")
    with pytest.raises(KeyMissing):
        cipher.seal_many([(AMINA, "name", "Amina"), (999, "name", "Dev")])


@given(rows=some.lists(some.tuples(some.integers(1, 100), TEXTS, TEXTS), max_size=30))
def test_sealing_many_is_sealing_each(cipher, rows):
    sealed = cipher.seal_many(rows)
    assert len({seal.data[1:13] for seal in sealed}) == len(rows)
    opened = [cipher.open(person, field, seal) for (person, field, _), seal in zip(rows, sealed, strict=True)]
    assert opened == [text for _, _, text in rows]


# ---- finding again -------------------------------------------------------------------------------------------------


def test_a_lookup_is_the_same_each_time_and_tells_kinds_shops_and_values_apart(keys, cipher):
    mark = cipher.lookup("email", "amina@example.org")
    assert len(mark) == 48
    assert mark == cipher.lookup("email", "amina@example.org")
    others = [
        cipher.lookup("user_id", "amina@example.org"),
        cipher.lookup("email", "amina@example.or"),
        cipher.lookup("emaila", "mina@example.org"),
        Cipher(keys, "other-shop").lookup("email", "amina@example.org"),
    ]
    assert len({mark, *others}) == 5


@given(values=some.lists(TEXTS, max_size=20))
def test_looking_many_up_is_looking_each_up(cipher, values):
    assert cipher.lookup_many("user_id", values) == [cipher.lookup("user_id", value) for value in values]


# ---- the form that is frozen ---------------------------------------------------------------------------------------


@given(WORDS, WORDS)
def test_different_words_give_different_bytes(one, other):
    assert (framed(*one) == framed(*other)) == (list(map(_typed, one)) == list(map(_typed, other)))


def _typed(word):
    return type(word), word


def test_the_frozen_form_of_words_has_not_moved():
    assert framed("ab", 7, "") == bytes.fromhex("73 0000000000000002 6162 69 0000000000000007 73 0000000000000000")
    assert framed(-1) == b"i" + b"\xff" * 8


def test_data_sealed_by_the_first_version_opens_for_ever(tmp_path):
    """Known bytes: a store with a fixed master key, epoch secret and person key, and what they sealed."""
    from goodwill.protect import keystore, store

    keys = KeyStore.open(tmp_path, clock=lambda: Micros(5), master=bytes(range(32)))
    (tmp_path / "epoch-1.key").unlink()  # epochs of the first version had none
    master = keystore.AESGCM(bytes(range(32)))
    with keys._database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM epochs")
        secret = keystore._wrap(master, bytes(range(1, 33)), framed("goodwill epoch", 1))
        store.add_epoch(connection, 1, secret, 5)
        epoch = keystore._Epoch(1, bytes(range(1, 33)))
        identifiers = keystore._wrap(master, bytes(range(3, 35)), framed("goodwill secret", "identifiers"))
        store.add_secret(connection, "identifiers", identifiers, 5)
        store.add_lines(connection, [store.Line(AMINA, 1, epoch.wrap(AMINA, bytes(range(2, 34))), 1, 5)])
    keys.check()
    cipher = Cipher(keys, "shop-1")
    assert cipher.lookup("email", "amina@example.org").hex() == KNOWN_LOOKUP
    assert cipher.open(AMINA, "name", Sealed(1, bytes.fromhex(KNOWN_SEALED))) == "Amina"
    keys.close()


# Worked out apart from this code, from RFC 5869, RFC 2104, RFC 5297 and the forms above.
KNOWN_LOOKUP = "8e1180d13a4ab6d7cfe7da450d1f7b161af1c38d6e660573acbc733eb96706a2c0b70df7d201d3cb6b0753932950600d"
KNOWN_SEALED = "01000102030405060708090a0bae084231bd94a025a5216c6e0f03bdb0e34d147755"
