"""What the shop may do with her data, and how it may write to her: one page, each button saved at once."""

from collections.abc import Mapping, Sequence

from goodwill.basics.errors import Refused
from goodwill.consent import Receipt, State
from goodwill.consent.notices import Document
from goodwill.shop.centre import GENTLE_DAYS, PAUSES
from goodwill.shop.words import catalogues
from goodwill.web.centre.answering import Onward, Shown, page
from goodwill.web.centre.notice import page_of
from goodwill.web.centre.visit import Fault, Visit

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
            "manner": centre.manner(visit.person),
            "gentle_days": GENTLE_DAYS,
            "taste": visit.shop.taste.hers(visit.person),
            "today": centre.today,
            "pauses": PAUSES,
            "token": visit.shop.notices.page(_page(visit)).token,
            "waiting": visit.shop.notices.pending(visit.who),
        },
    )


@page("POST", "/privacy/choices")
def choose(visit: Visit) -> Onward:
    purpose, category, yes = visit.sent("purpose"), visit.sent("category"), _yes(visit)
    entry, kind = visit.shop.register[purpose], visit.shop.register.category(category)
    written = _answered(visit, {(purpose, category): yes})
    row = f"row-{entry.name}-{kind.name}"
    missing = next((one.missing for one in visit.shop.centre.choices(visit.person) if one.entry is entry), ())
    if yes and missing:
        visit.say(row, "choices.saved_idle", data=visit.sentence(visit.shop.register.category(missing[0])))
    else:
        visit.say(row, _became(written, yes=yes), data=visit.sentence(kind), purpose=visit.sentence(entry))
    return Onward(f"/privacy#{row}")


@page("POST", "/privacy/choices/all")
def choose_all(visit: Visit) -> Onward:
    yes = _yes(visit)
    _answered(visit, visit.shop.centre.all_answers(yes=yes))
    visit.say("all", "choices.saved_all_on" if yes else "choices.saved_all_off")
    return Onward("/privacy#all")


@page("POST", "/privacy/choices/purpose")
def choose_purpose(visit: Visit) -> Onward:
    yes, entry = _yes(visit), visit.shop.register[visit.sent("purpose")]
    written = _answered(visit, {(entry.name, category): yes for category in entry.categories})
    key = "choices.saved_purpose_on" if yes else "choices.saved_purpose_off"
    waits = any(receipt.state is State.REQUESTED for receipt in written)
    visit.say(f"purpose-{entry.name}", "choices.saved_waits" if waits else key, purpose=visit.sentence(entry))
    return Onward(f"/privacy#purpose-{entry.name}")


@page("POST", "/privacy/choices/confirm", counted=True)
def confirm(visit: Visit) -> Onward:
    try:
        visit.acting.centre.confirm(visit.person, visit.sent("code"))
    except Refused:
        visit.say("waiting", "problem.bad_code")
    else:
        visit.say("waiting", "choices.confirmed")
    return Onward("/privacy#waiting")


def _page(visit: Visit) -> Document:
    """What this page shows to her: exactly that is what an answer is bound to."""
    return page_of(visit.shop.register, visit.words)


def _answered(visit: Visit, answers: Mapping[tuple[str, str], bool]) -> Sequence[Receipt]:
    """Write answers down, bound to what the page showed; nothing comes back where all was so already."""
    token, signal = visit.sent("notice"), visit.objects_by_signal
    return visit.acting.centre.answer(visit.person, answers, page=_page(visit), token=token, signal=signal)


def _became(written: Sequence[Receipt], *, yes: bool) -> str:
    """The words for what became of one answer."""
    if not written:
        return "choices.same"
    if any(receipt.state is State.REQUESTED for receipt in written):
        return "choices.saved_waits"
    return "choices.saved_on" if yes else "choices.saved_off"


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


@page("POST", "/privacy/personal")
def choose_from_my_data(visit: Visit) -> Onward:
    personal = _yes(visit)
    visit.acting.centre.choose_from_my_data(visit.person, personal=personal)
    visit.say("personal", f"manner.saved_personal_{'on' if personal else 'off'}")
    return Onward("/privacy#personal")


@page("POST", "/privacy/gentle")
def be_gentle(visit: Visit) -> Onward:
    gentle = _yes(visit)
    visit.acting.centre.be_gentle(visit.person, gentle=gentle)
    visit.say("gentle", f"manner.saved_gentle_{'on' if gentle else 'off'}", days=str(GENTLE_DAYS))
    return Onward("/privacy#gentle")


@page("POST", "/privacy/taste")
def say_what_she_likes(visit: Visit) -> Onward:
    said, taste = visit.sent("answer"), visit.acting.taste
    marked = [text for name, text in visit.form.items() if name.startswith("kind-")]
    match said:
        case "away":
            taste.take_away(visit.who)
            visit.say("taste", "taste.saved_away")
        case "none":
            waits = taste.tell(visit.who, ()).waits
            visit.say("taste", "taste.saved_waits" if waits else "taste.saved_none")
        case "save" if marked:
            waits = taste.tell(visit.who, marked).waits
            visit.say("taste", "taste.saved_waits" if waits else "taste.saved", kinds=", ".join(marked))
        case "save":
            visit.say("taste", "taste.choose_one")
        case _:
            raise Fault("misread", 422)
    return Onward("/privacy#taste")


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


PAGES = (choose, choose_all, choose_purpose, confirm, pause, write_less_often, choose_from_my_data, be_gentle,
         say_what_she_likes, speak)  # fmt: skip
