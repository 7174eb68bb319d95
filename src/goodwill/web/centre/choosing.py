"""What the shop may do with her data, and how it may write to her: one page, each button saved at once."""

from collections.abc import Mapping

from goodwill.consent.notices import Shown as Notice
from goodwill.shop.centre import BY, PAUSES
from goodwill.web.centre.answering import Onward, Shown, page
from goodwill.web.centre.visit import Fault, Visit
from goodwill.web.centre.words import catalogues

_YES = {"yes": True, "no": False}


def choices_page(visit: Visit) -> Shown:
    """Every purpose with its kinds of data, as they stand."""
    centre = visit.shop.centre
    choices = centre.choices(visit.person)
    return Shown(
        "choices.html",
        {
            "choices": choices,
            "answered": any(line.position for choice in choices for line in choice.lines),
            "wishes": centre.wishes(visit.person),
            "today": centre.today,
            "pauses": PAUSES,
            "token": _notice(visit).token,
            "waiting": visit.shop.notices.pending(visit.who),
        },
    )


@page("POST", "/privacy/choices")
def choose(visit: Visit) -> Onward:
    purpose, category, yes = visit.sent("purpose"), visit.sent("category"), _yes(visit)
    entry, kind = visit.shop.register[purpose], visit.shop.register.category(category)
    written = _answered(visit, {(purpose, category): yes})
    row = f"row-{entry.name}-{kind.name}"
    key = ("choices.saved_on" if yes else "choices.saved_off") if written else "choices.same"
    visit.say(row, key, data=visit.sentence(kind), purpose=visit.sentence(entry))
    return Onward(f"/privacy#{row}")


@page("POST", "/privacy/choices/all")
def choose_all(visit: Visit) -> Onward:
    yes = _yes(visit)
    _answered(visit, visit.shop.centre.all_answers(yes=yes))
    visit.say("all", "choices.saved_all_on" if yes else "choices.saved_all_off")
    return Onward("/privacy#all")


def _notice(visit: Visit) -> Notice:
    """What everybody is asked, as it is published now."""
    return visit.acting.notices.current(visit.words.language, visit.shop.settings.place)


def _answered(visit: Visit, answers: Mapping[tuple[str, str], bool]) -> bool:
    """Write answers down: a yes to what is published with the proof of what was shown, the rest with its own words."""
    shop, register = visit.acting, visit.shop.register
    published = _notice(visit).cells
    bound = {cell: yes for cell, yes in answers.items() if yes and cell in published}
    other = {cell: yes for cell, yes in answers.items() if cell not in bound}
    written = False
    if bound:
        known = {row.position for row in shop.consents(visit.who)}
        said = shop.notices.answer(
            visit.who, bound, token=visit.sent("notice"), how=BY, by="the person", signal=visit.objects_by_signal
        )
        written = any(not known.issuperset(receipt.positions) for receipt in said)
    if other:
        words = {purpose: visit.sentence(register[purpose]) for purpose, _ in other}
        if len(other) == 1:
            (purpose, category) = next(iter(other))
            words[purpose] += f" – {visit.sentence(register.category(category))}"
        written |= bool(shop.centre.answer(visit.person, other, language=visit.words.language, words=words))
    return written


@page("POST", "/privacy/pause")
def pause(visit: Visit) -> Onward:
    days = visit.sent("days")
    if days not in {"0", *map(str, PAUSES)}:
        raise Fault("misread", 422)
    until = visit.acting.centre.pause(visit.person, int(days))
    if until is None:
        visit.say("pause", "mail.saved_resume")
    else:
        visit.say("pause", "mail.saved_pause", when=visit.words.day(until).striptags())
    return Onward("/privacy#pause")


@page("POST", "/privacy/less-often")
def write_less_often(visit: Visit) -> Onward:
    less = _yes(visit)
    visit.acting.centre.write_less_often(visit.person, less=less)
    visit.say("less", "mail.saved_less" if less else "mail.saved_more")
    return Onward("/privacy#less")


@page("POST", "/privacy/language")
def speak(visit: Visit) -> Onward:
    language = visit.sent("language")
    if language not in catalogues():
        raise Fault("misread", 422)
    visit.acting.centre.speak(visit.person, language)
    visit.say("speak", "mail.saved_language", language=catalogues()[language].texts["language.name"])
    return Onward("/privacy#speak")


def _yes(visit: Visit) -> bool:
    if (said := visit.sent("yes")) not in _YES:
        raise Fault("misread", 422)
    return _YES[said]


PAGES = (choose, choose_all, pause, write_less_often, speak)
