import gzip
import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.web.bodies import deeper_than, parse, parse_parameters
from goodwill.web.messages import CanRequest, ConsentRequest, DecideRequest, DecisionsRequest, Person
from goodwill.web.problems import Problem
from goodwill.web.requests import OpenRequest

DECIDE = msgspec.json.Decoder(DecideRequest)
OPEN = msgspec.json.Decoder(OpenRequest)
CONSENT = msgspec.json.Decoder(ConsentRequest)


@pytest.fixture
def client_of(one_application):
    return one_application


def refusal(raw, decoder=DECIDE):
    with pytest.raises(Problem) as refused:
        parse(raw, decoder)
    return refused.value


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"{", b"{}}", b"{'a': 1}", b'{"count": 01}', b'{"count": NaN}',
        b'{"count": Infinity}', b'{"count": +1}', b"// home", "{}".encode("utf-16"),
        b'\xef\xbb\xbf{"count": 1}', b'{"slot": "\xff"}', b'{"slot": "\xc0\xaf"}',
        b'{"slot": "\\ud800"}', b'{"slot": "\x01"}',
        b'{"person": {"user_id": "a\\u0000b"}}', b'{"slot": "home",}',
        b'{"slot": "home", "slot": "away"}',
        b'{"person": {"user_id": "bruno", "user_id": "amina"}}',
    ],
)  # fmt: skip
def test_what_is_not_clean_json_is_malformed(raw):
    assert refusal(raw).kind.status == 400


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"[]", "#"),
        (b"null", "#"),
        (b'{"who": 1}', "#/who"),
        (b'{"count": "4"}', "#/count"),
        (b'{"count": 0}', "#/count"),
        (b'{"count": 1e400}', "#/count"),
        (b'{"count": ' + b"9" * 5000 + b"}", "#/count"),
        (b'{"slot": "No Spaces"}', "#/slot"),
        (b'{"person": {"user_id": 7}}', "#/person/user_id"),
        (b'{"person": {"user_id": ""}}', "#/person/user_id"),
        (b'{"person": {"e_mail": "x"}}', "#/person/e_mail"),
        (b'{"context": {"basket": ["P1", 2]}}', "#/context/basket/1"),
        (b'{"context": {"new": -1}}', "#/context/new"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(raw, pointer):
    problem = refusal(raw)
    assert problem.kind.status == 422
    assert [fault.pointer for fault in problem.errors] == [pointer]


TOLD = [
    (b'{"count": "4"}', "a whole number from 1 to 100", '"4"',
     "'count' must be a whole number from 1 to 100, not \"4\"."),
    (b'{"count": 4.5}', "a whole number from 1 to 100", "4.5",
     "'count' must be a whole number from 1 to 100, not 4.5."),
    (b'{"person": {"user_id": 7}}', "a text of 1 to 256 characters", "7",
     "'person.user_id' must be a text of 1 to 256 characters, not 7."),
    (b'{"person": {"userid": "x"}}', "one of user_id, anonymous_id", "userid",
     "'person.userid' is not known here; did you mean 'user_id'? Known are: user_id, anonymous_id."),
    (b'{"person": "amina"}', "an object with user_id, anonymous_id", '"amina"',
     "'person' must be an object with user_id, anonymous_id, not \"amina\"."),
    (b'{"context": {"basket": ["P1", null]}}', "a text of 1 to 256 characters", "null",
     "'context.basket[1]' must be a text of 1 to 256 characters, not null."),
    (b'{"slot": "No Spaces"}', "1 to 64 small letters, digits and hyphens, such as product-page", '"No Spaces"',
     "'slot' must be 1 to 64 small letters, digits and hyphens, such as product-page, not \"No Spaces\"."),
    (b"[]", "an object with person, slot, count, context", "a list of 0",
     "The body must be an object with person, slot, count, context, not a list of 0."),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "expected", "found", "sentence"), TOLD)
def test_a_fault_says_what_was_expected_and_what_was_found_in_our_words(raw, expected, found, sentence):
    (fault,) = refusal(raw).errors
    assert (fault.expected, fault.found, fault.detail) == (expected, found, sentence)


def test_what_may_be_one_of_a_few_words_is_told_with_all_of_them_and_right_ones_are_no_fault():
    rights = "access, erase, human-review, object, port, rectify, restrict"
    (fault,) = refusal(b'{"right": "forget", "email": "a@example.com"}', OPEN).errors
    assert (fault.pointer, fault.expected) == ("#/right", f"one of {rights}")
    assert fault.detail == f"'right' must be one of {rights}, not \"forget\"."
    wrong = b'{"right": "access", "email": 1, "wanted": {"name": null, "purpose": 2}}'
    assert [fault.pointer for fault in refusal(wrong, OPEN).errors] == ["#/email", "#/wanted/purpose"]


def test_all_faults_are_told_at_once():
    problem = refusal(b'{"count": 0, "slot": 1, "person": {"e/mail~": 1}, "x": 1}')
    assert [fault.pointer for fault in problem.errors] == ["#/x", "#/person/e~1mail~0", "#/slot", "#/count"]
    assert all(fault.detail in problem.detail for fault in problem.errors)


def test_what_is_broken_behind_a_fault_is_malformed_all_the_same():
    for raw in (b'{"count": "4", ', b'{"count": "4", "slot": NaN}', b'{"count": "4", "a": 1, "a": 2}'):
        assert refusal(raw).kind.status == 400


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "The body is empty. Send one JSON object, `{}` at least."),
        (b'{"count": ', "The body is not valid JSON: it ends too early."),
        (b'{"count" 4}', "The body is not valid JSON: something is wrong at byte 10."),
        (b'{"count": "4", }', "The body is not valid JSON: something is wrong at character 16."),
        (b'{"slot": "\xff"}', "The body is not valid JSON: it is not UTF-8."),
    ],
)
def test_what_is_no_json_is_told_where_in_our_words(raw, sentence):
    assert refusal(raw).detail == sentence


def test_a_missing_part_is_named_where_it_should_stand():
    problem = refusal(b'{"person": {"user_id": "amina"}}', CONSENT)
    assert [(fault.pointer, fault.found) for fault in problem.errors] == [
        ("#/purpose", "nothing"),
        ("#/yes", "nothing"),
    ]
    assert problem.errors[1].detail == "'yes' is missing: true or false."


_JARGON = re.compile(r"`(str|int|bool|object|array|null)`|\$\.|Expected|regex|struct", re.IGNORECASE)
_ODD = st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=70)


@given(
    st.dictionaries(
        st.sampled_from(["person", "slot", "count", "context", "purpose", "yes", "x"]),
        _ODD | st.lists(_ODD, max_size=3) | st.dictionaries(st.sampled_from(["user_id", "basket", "new", "y"]), _ODD),
    ),
    st.sampled_from([DECIDE, CONSENT]),
)
def test_whatever_the_parser_refuses_is_named_by_its_place_and_told_in_our_words(body, decoder):
    raw = msgspec.json.encode(body)
    try:
        decoder.decode(raw)
    except msgspec.ValidationError:
        problem = refusal(raw, decoder)
        assert problem.errors
        assert all(fault.pointer.startswith("#") and fault.expected and fault.found for fault in problem.errors)
        assert not _JARGON.search(problem.detail.replace(json.dumps(body), ""))
    else:
        parse(raw, decoder)


def test_an_escaped_backslash_before_u0000_is_only_text():
    raw = json.dumps({"person": {"user_id": "\\u0000"}}).encode()
    assert parse(raw, DECIDE).person == Person("\\u0000")


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"person":' * 100_000, b'{"person": ' + b"[" * 40 + b"]" * 40 + b"}"]
)
def test_deep_json_is_refused_before_it_is_read(raw):
    assert refusal(raw).kind.status == 400
    assert "nested" in refusal(raw).detail


@given(
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
    st.integers(0, 6),
)
def test_depth_is_counted_outside_of_strings(value, limit):
    def depth(value):
        if isinstance(value, list | dict):
            return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
        return 0

    assert deeper_than(json.dumps(value).encode(), limit) == (depth(value) > limit)


def test_a_thousand_products_are_too_many_for_a_basket():
    assert refusal(json.dumps({"context": {"basket": ["p"] * 1000}}).encode()).kind.status == 422


def test_a_consent_without_its_answer_is_not_guessed():
    raw = b'{"person": {"user_id": "amina"}, "purpose": "offers"}'
    assert "yes" in refusal(raw, CONSENT).detail


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        (b"user_id=amina", "purpose"),
        (b"purpose=offers&purpose=statistics", "purpose"),
        (b"purpose=offers&who=amina", "who"),
        (b"purpose=", "purpose"),
        (b"purpose=offers&user_id=a%00b", "user_id"),
        (b"purpose=offers&user_id=%ff", "user_id"),
    ],
)
def test_parameters_are_named_when_missing_double_unknown_or_unclean(query, parameter):
    with pytest.raises(Problem) as refused:
        parse_parameters(query, {}, CanRequest)
    assert refused.value.kind.status == 422
    assert [fault.parameter for fault in refused.value.errors] == [parameter]


def test_a_parameter_says_what_was_expected_and_what_was_found():
    with pytest.raises(Problem) as refused:
        parse_parameters(b"limit=lots", {"id": "amina"}, DecisionsRequest)
    (fault,) = refused.value.errors
    assert (fault.parameter, fault.pointer) == ("limit", "")
    assert fault.detail == "'limit' must be a whole number from 1 to 100, not \"lots\"."


def test_a_parameter_cannot_replace_a_part_of_the_path():
    with pytest.raises(Problem):
        parse_parameters(b"id=bruno", {"id": "amina"}, DecisionsRequest)
    assert parse_parameters(b"limit=3", {"id": "amina"}, DecisionsRequest) == DecisionsRequest("amina", 3)


@given(st.binary(max_size=200))
def test_whatever_arrives_is_read_or_refused_with_a_reason(raw):
    status = 200
    try:
        parse(raw, DECIDE)
    except Problem as problem:
        status = problem.kind.status
    assert status in (200, 400, 422)


def test_more_parameters_than_anybody_needs_are_refused():
    with pytest.raises(Problem) as refused:
        parse_parameters(b"&".join(b"p%d=1" % n for n in range(1000)), {}, CanRequest)
    assert refused.value.kind.status == 422


# ---- over HTTP -----------------------------------------------------------------------------------------------------


def post(client, content, **headers):
    return client.post("/api/v1/decide", content=content, headers={"Content-Type": "application/json", **headers})


def test_a_body_above_the_cap_is_refused_by_its_announced_length(quiet):
    answer = post(quiet, b"{}" + b" " * 512 * 1024)
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/api/problems/too-large")


def test_a_body_at_the_cap_is_read(quiet):
    assert post(quiet, b"{}" + b" " * (512 * 1024 - 2)).status_code == 200


def test_a_body_that_hides_its_length_is_refused_when_it_passes_the_cap(quiet):
    def pieces():
        for _ in range(600):
            yield b" " * 1024

    assert post(quiet, pieces()).status_code == 413


def test_a_length_that_is_no_number_is_refused(quiet):
    assert post(quiet, b"{}", **{"Content-Length": "two"}).status_code == 400


def test_compressed_bodies_and_forms_are_refused_with_what_is_accepted(quiet):
    packed = post(quiet, gzip.compress(b"{}"), **{"Content-Encoding": "gzip"})
    assert (packed.status_code, packed.headers["accept-encoding"]) == (415, "identity")
    form = quiet.post("/api/v1/decide", data={"person": "amina"})
    assert (form.status_code, form.headers["accept"]) == (415, "application/json")


def test_json_with_its_charset_is_accepted(quiet):
    assert post(quiet, b"{}", **{"Content-Type": "application/json; charset=utf-8"}).status_code == 200


def test_without_a_key_a_body_is_not_even_looked_at(quiet_shop, client_of):
    assert post(client_of(quiet_shop), b"{" * 600_000).status_code == 401
