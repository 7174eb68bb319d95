"""Who is held out, and which number a decision has, is the same in every run of a test; what must be secret is not."""

import os

from tests.chance import dice

from goodwill.basics.codes import new_token
from goodwill.basics.ids import new_reference
from goodwill.shop import planning


def thrown(name: str) -> list[object]:
    with dice(name):
        return [new_reference(), planning._salt(), new_reference()]


def test_numbers_and_salts_fall_alike_under_one_name_and_otherwise_under_another():
    assert thrown("one") == thrown("one")
    assert not set(thrown("one")) & set(thrown("another"))


def test_what_was_before_goes_on_after():
    with dice("outer"):
        alone = [new_reference(), new_reference()]
    with dice("outer"):
        first = new_reference()
        thrown("inner")
        assert [first, new_reference()] == alone


def test_a_process_that_is_forked_off_draws_numbers_of_its_own():
    with dice("parent"):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, str(new_reference()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        assert int(os.read(read, 64)) != new_reference()
        os.close(read)
        os.close(write)


def test_what_must_be_secret_is_drawn_anew():
    with dice("one"):
        token = new_token()
    with dice("one"):
        assert new_token() != token
