"""The second half of a yes to news: whoever reads the address types the code that was sent there.

Looking changes nothing, and neither does pressing a button without the code: programs that look into mail do both.
"""

from goodwill.basics.errors import Refused
from goodwill.web.centre.answering import Onward, Shown, page
from goodwill.web.centre.visit import Visit


@page("GET", "/privacy/confirm/{number}", private=False)
def look_at_confirmation(visit: Visit) -> Shown:
    """The same for every number: whether anything waits behind it is told to nobody."""
    return _form(visit, "")


@page("POST", "/privacy/confirm/{number}", private=False, counted=True)
def confirm(visit: Visit) -> Shown | Onward:
    try:
        visit.acting.notices.confirm(f"{visit.arrived.path['number']}-{visit.sent('code')}")
    except Refused:
        return _form(visit, "problem.bad_code", 422)
    return Onward("/privacy/confirmed")


@page("GET", "/privacy/confirmed", private=False)
def confirmed(_: Visit) -> Shown:
    return Shown("confirmed.html")


def _form(visit: Visit, fault: str, status: int = 200) -> Shown:
    return Shown("confirm.html", {"number": visit.arrived.path["number"], "fault": fault}, status)


PAGES = (look_at_confirmation, confirm, confirmed)
