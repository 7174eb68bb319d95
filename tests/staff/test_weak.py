"""Passwords that are guessed first are refused, by rule; passwords that are not are left alone."""

import pytest

from goodwill.staff.weak import why_weak


@pytest.mark.parametrize(
    "password",
    [
        "short", "elevenchars", "password1234", "Password2026!", "p@ssw0rdp@ssw0rd", "qwertyuiop12", "1234567890123",
        "abcdefghijklm", "aaaaaaaaaaaa", "abcabcabcabc", "letmein123456", "iloveyou!!!!", "Welcome2026!!",
        "passwordpassword",
        "adminadmin2026", "cornercafe2026", "amina.winter1", "Winter2026!Winter", "qazwsxedcrfv", "poiuytrewq09",
        "a" * 300,
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password):
    assert why_weak(password, ("Corner cafe", "Amina Winter", "amina@example.org"))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple", "Zwiebel-Kutsche-Nordwind", "tr0mbone lagoon 77", "x7Kp2mQ9vLw4",
        "кошка на крыше дома",
        "seven blue anvils", "mango vortex quill",
    ],
)  # fmt: skip
def test_what_is_not_is_left_alone(password):
    assert why_weak(password, ("Corner cafe", "Amina Winter", "amina@example.org")) == ""
