"""A shop with staff, for tests: cheap passwords, and the codes that a phone would show."""

from dataclasses import dataclass, replace

import pyotp

from goodwill.basics.clock import SECOND
from goodwill.protect.passwords import Cost, Passwords
from goodwill.shop import Shop
from goodwill.shop.staff import Begun

CHEAP = Cost(memory=64, passes=1)
GOOD = "seven blue anvils"


def cheaply(shop: Shop) -> Shop:
    return replace(shop, passwords=Passwords(CHEAP))


@dataclass
class Member:
    """Somebody who works here, with her phone."""

    shop: Shop
    number: int
    email: str
    secret: str = ""
    recovery: tuple[str, ...] = ()
    token: str = ""

    def code(self, seconds: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.shop.clock() // SECOND + seconds)

    def sign_in(self, password: str = GOOD, **more: str) -> Begun:
        """Sign in wholly; time moves on, because no code counts twice."""
        begun = self.shop.staff.sign_in(self.email, password, **more)
        if begun.session.step == "code":
            self.shop.clock.turn(seconds=30)  # type: ignore[attr-defined]
            begun = self.shop.staff.answer(begun.token, self.code())
        self.token = begun.token
        return begun


def hired(shop: Shop, role: str, email: str = "", *, factor: bool | None = None) -> Member:
    """Invite somebody, let her choose a password and, where her role needs it or it is wished, a second factor."""
    email = email or f"{role}@shop.example"
    invited = shop.staff.invite(email, f"The {role}", role)
    begun = shop.staff.set_up(invited.token, GOOD)
    member = Member(shop, invited.account.id, email, token=begun.token)
    if begun.session.step == "enrol" or factor:
        member.secret = shop.staff.begin_second_factor(begun.token).secret
        done = shop.staff.confirm_second_factor(begun.token, member.code())
        member.recovery, member.token = done.codes, done.begun.token
    return member
