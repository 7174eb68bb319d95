"""A notice to look at: as plain text, and as a piece of HTML that works without JavaScript or styles.

Accept and refuse are two buttons of one kind, side by side; no box is ticked.
"""

from collections.abc import Iterator
from html import escape

from goodwill.consent.notices import Offer, Shown


def as_text(shown: Shown) -> str:
    """The notice as one would read it aloud."""
    labels = shown.labels
    lines = [shown.title, "", *shown.text]
    for offer in shown.purposes:
        lines += ["", f"[ ] {offer.sentence}", f"    {labels['on']}: {offer.on}", f"    {labels['off']}: {offer.off}"]
        lines += [f"    [ ] {sentence}" for sentence in offer.categories.values()]
    buttons = "   ".join(f"[ {labels[name]} ]" for name in ("refuse", "choose", "accept"))
    return "\n".join([*lines, "", buttons, f"[ {labels['save']} ]"])


def as_html(shown: Shown, *, action: str = "", name: str = "answer") -> str:
    """The notice as a form.

    Args:
        action: where the answers are posted; empty: nowhere, for a look.
        name: of the boxes (its value is ``purpose/category``) and of the buttons (``-accept``, ``-refuse``, ``-save``).
    """
    return "".join(_html(shown, action, name))


def _html(shown: Shown, action: str, name: str) -> Iterator[str]:
    language, labels = escape(shown.language), {key: escape(text) for key, text in shown.labels.items()}
    target = f' action="{escape(action)}" method="post"' if action else ""
    yield f'<form class="notice" lang="{language}"{target} aria-labelledby="notice-title">'
    yield f'<h2 id="notice-title">{escape(shown.title)}</h2>'
    yield from (f"<p>{escape(line)}</p>" for line in shown.text)
    if shown.token:
        yield f'<input type="hidden" name="snapshot" value="{escape(shown.token)}">'
    yield '<p class="notice-buttons">'
    for act in ("refuse", "accept"):
        yield f'<button type="submit" class="notice-button" name="{name}-{act}" value="yes">{labels[act]}</button>'
    yield f'</p><details class="notice-choices"><summary>{labels["choose"]}</summary>'
    for offer in shown.purposes:
        yield from _fieldset(offer, labels, name)
    yield f'<button type="submit" class="notice-button" name="{name}-save" value="yes">{labels["save"]}</button>'
    yield "</details></form>"


def _fieldset(offer: Offer, labels: dict[str, str], name: str) -> Iterator[str]:
    about = f"notice-{escape(offer.purpose)}"
    yield f'<fieldset aria-describedby="{about}"><legend>{escape(offer.sentence)}</legend><dl id="{about}">'
    yield f"<dt>{labels['on']}</dt><dd>{escape(offer.on)}</dd><dt>{labels['off']}</dt><dd>{escape(offer.off)}</dd></dl>"
    for category, sentence in offer.categories.items():
        value = escape(f"{offer.purpose}/{category}")
        yield f'<label><input type="checkbox" name="{name}" value="{value}"> {escape(sentence)}</label>'
    yield "</fieldset>"
