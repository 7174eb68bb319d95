"""The page of one decision, for whoever has its link: why it came out so, and less of it, never, wrong, ask a human.

It shows that one decision and nothing else of hers. Looking changes nothing, and a button only takes away.
"""

from goodwill.shop.why import LASTS
from goodwill.web.centre.answering import Onward, Shown, page
from goodwill.web.centre.looking import reason_of, say_ground
from goodwill.web.centre.visit import Fault, Visit

_LONGEST = 1_000


@page("GET", "/why/{decision}/{mark}", private=False, counted=True)
def reasons(visit: Visit) -> Shown:
    made = visit.shop.why.look(*_link(visit))
    hers = visit.shop.why.whose(made.id)
    shown = visit.shop.explaining.for_customer(made, visit.words.language)
    return Shown(
        "why.html",
        {
            "made": made,
            "shown": shown,
            "until": made.at + LASTS,
            "out": visit.shop.centre.verdicts(hers) if hers is not None else {},
            "reviews": visit.shop.rights.reviews(hers).get(made.id, []) if hers is not None else [],
            "is_somebodys": hers is not None,
            "kinds": visit.shop.register.kinds,
            "here_at": _path(visit),
        },
    )


@page("POST", "/why/{decision}/{mark}", private=False, counted=True)
def say(visit: Visit) -> Onward:
    product, verdict = visit.sent("product"), visit.sent("verdict")
    reason = reason_of(visit)
    judged = visit.shop.why.judge(*_link(visit), product, verdict, reason=reason)
    items = visit.shop.why.look(*_link(visit)).items
    place = next(n for n, one in enumerate(items, start=1) if one.product == judged.product)
    if reason is None:
        visit.say(f"item-{place}", f"decisions.saved_{verdict}", product=judged.name)
    else:
        say_ground(visit, f"item-{place}", judged.because[reason].text)
    return Onward(f"{_path(visit)}#item-{place}")


@page("POST", "/why/{decision}/{mark}/human", private=False, counted=True)
def ask_a_human(visit: Visit) -> Onward:
    words = visit.form.get("words", "").strip()
    if len(words) > _LONGEST:
        raise Fault("misread", 422)
    visit.shop.why.ask_human(*_link(visit), words=words, language=visit.words.language)
    visit.say("human", "why.human_saved")
    return Onward(f"{_path(visit)}#human")


def _link(visit: Visit) -> tuple[str, str]:
    return visit.arrived.path["decision"], visit.arrived.path["mark"]


def _path(visit: Visit) -> str:
    return "/why/{}/{}".format(*_link(visit))


PAGES = (reasons, say, ask_a_human)
