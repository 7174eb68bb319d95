"""Codes of the second factor fit for half a minute each way; recovery codes hold enough chance."""

import xml.etree.ElementTree as ET

import pyotp
import pytest

from goodwill.basics.clock import SECOND
from goodwill.staff import factor

NOW = 1_795_338_015 * SECOND
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(("seconds", "fits"), [(0, True), (-30, True), (30, True), (-60, False), (60, False)])
def test_a_code_fits_one_step_before_and_after(seconds, fits):
    code = pyotp.TOTP(SECRET).at(NOW // SECOND + seconds)
    step = factor.step_of(SECRET, code, now=NOW)
    assert (step == (NOW // SECOND + seconds) // 30) is fits


@pytest.mark.parametrize("code", ["", "000", "abcdef", "١٢٣٤٥٦", "1" * 400])
def test_what_is_no_code_fits_nothing(code):
    assert factor.step_of(SECRET, code, now=NOW) is None


def test_spaces_are_left_out_as_people_type_them():
    code = pyotp.TOTP(SECRET).at(NOW // SECOND)
    assert factor.step_of(SECRET, f"{code[:3]} {code[3:]}", now=NOW) is not None


def test_recovery_codes_differ_and_are_read_however_they_are_typed():
    codes = factor.new_recovery_codes()
    assert len(set(codes)) == factor.RECOVERY_CODES
    for code in codes:
        assert factor.looks_like_recovery(f" {code.upper()} ")
        assert factor.plain(code.upper().replace("-", " ")) == factor.plain(code)


def test_the_picture_is_svg_and_says_what_apps_read():
    link = factor.uri(SECRET, "amina@example.org", "Café Amina")
    assert link.startswith("otpauth://totp/")
    assert f"secret={SECRET}" in link
    assert ET.fromstring(factor.picture(link)).tag.endswith("svg")
