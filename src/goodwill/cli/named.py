"""How somebody is named on the command line."""

from typing import TYPE_CHECKING, Annotated

import typer

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId

if TYPE_CHECKING:
    from goodwill.shop import Shop, Who

Person = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help="The shop's own id, or an e-mail address; or user_id:…, email:…, anonymous_id:…, id:… to say which.",
    ),
]
LOST = "goodwill people find PERSON"


def who(shop: "Shop", text: str) -> "Who":
    """Whom a text names; an id is tried before an address, because some shops use addresses as ids.

    Raises:
        BadInput: nobody can be meant by it.
    """
    from goodwill.shop import Who

    kind, colon, value = text.partition(":")
    if colon and kind == "user_id":
        return Who(user_id=value)
    if colon and kind == "email":
        return Who(email=value)
    if colon and kind == "anonymous_id":
        return Who(anonymous_id=value)
    if colon and kind == "id" and value.isdecimal():
        return Who(id=PersonId(int(value)))
    if not text.strip():
        raise BadInput("Name somebody: an id or an e-mail address.")
    if "@" in text and shop.find(Who(user_id=text)) is None:
        return Who(email=text)
    return Who(user_id=text)
