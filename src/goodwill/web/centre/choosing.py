"""What the shop may do with her data, and how it may write to her: one page, each button saved at once."""

from goodwill.shop.centre import PAUSES
from goodwill.web.centre.answering import Onward, Shown, page
from goodwill.web.centre.visit import Fault, Visit
from goodwill.web.centre.words import catalogues

_YES = {"yes": True, "no": False}


def choices_page(visit: Visit) -> Shown:
    """Every purpose with its kinds of data, as they stand."""
    choices = visit.shop.centre.choices(visit.person)
    now = visit.shop.clock()
    return Shown(
        "choices.html",
        {
            "choices": choices,
            "answered": any(line.position for choice in choices for line in choice.lines),
            "wishes": visit.shop.centre.wishes(visit.person),
            "today": visit.shop.centre.today,
            "pauses": PAUSES,
            "now": now,
        },
    )


@page("POST", "/privacy/choices")
def choose(visit: Visit) -> Onward:
    purpose, category, yes = visit.sent("purpose"), visit.sent("category"), _yes(visit)
    register = visit.shop.register
    entry, kind = register[purpose], register.category(category)
    written = visit.acting.centre.answer(
        visit.person,
        {(purpose, category): yes},
        language=visit.words.language,
        words={entry.name: f"{visit.sentence(entry.sentence)} – {visit.sentence(kind.sentence)}"},
    )
    row = f"row-{entry.name}-{kind.name}"
    key = ("choices.saved_on" if yes else "choices.saved_off") if written else "choices.same"
    visit.say(row, key, data=str(visit.sentence(kind.sentence)), purpose=str(visit.sentence(entry.sentence)))
    return Onward(f"/privacy#{row}")


@page("POST", "/privacy/choices/all")
def choose_all(visit: Visit) -> Onward:
    yes = _yes(visit)
    centre = visit.acting.centre
    words = {str(entry.name): str(visit.sentence(entry.sentence)) for entry in visit.shop.register.asked()}
    centre.answer(visit.person, centre.all_answers(yes=yes), language=visit.words.language, words=words)
    visit.say("all", "choices.saved_all_on" if yes else "choices.saved_all_off")
    return Onward("/privacy#all")


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
