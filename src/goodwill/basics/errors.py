"""What can go wrong, named by what the person in front of it should do.

Each error says what happened and what helps, in a sentence fit for a screen. ``web`` alone turns them into status
codes and ``cli`` alone into exit codes.
"""


class GoodwillError(Exception):
    """Something goodwill refuses or cannot do; ``str()`` is fit for a screen."""


class Refused(GoodwillError):
    """Allowed in principle, not here: no consent, not approved, budget spent."""


class NoConsent(Refused):
    """This person does not allow this purpose; offer what everyone gets."""

    def __init__(self, purpose: str, reason: str) -> None:
        super().__init__(f"No permission for '{purpose}': {reason}. Offer what everyone gets.")
        self.purpose = purpose
        self.reason = reason


QUARANTINED = "quarantined"  # the reason why nobody allows anything while the ledger may not be believed


class Quarantined(Refused):
    """The consent ledger is behind, or beside, what was signed outside of it; nobody's consent counts meanwhile."""


class Broken(GoodwillError):
    """A log is not what was kept or signed of it; nothing is signed until somebody has looked."""


class TooFew(Refused):
    """A figure about so few people would be a figure about a person."""

    def __init__(self, people: int, least: int, purpose: str) -> None:
        super().__init__(
            f"Only {people} people would be counted for '{purpose}'; at least {least} are needed, "
            "so that no figure is about one person. Ask for a longer period or a wider group."
        )
        self.people = people
        self.least = least
        self.purpose = purpose


class LeftAlone(Refused):
    """Somebody asked this shop to leave her alone; only her own new word changes that."""

    def __init__(self) -> None:
        super().__init__(
            "Whoever this is asked to be left alone, so nothing is written down about them. Only their own new word, "
            "given here where it can be proved, changes that."
        )


class NotFound(GoodwillError):
    """There is no such thing here."""


class BadInput(GoodwillError):
    """What was given cannot be understood; the message names what, where and how to mend it."""


class BadFile(BadInput):
    """A file that was given cannot be read: it is empty, cut short, or of no kind that is read here."""


class CannotTell(BadInput):
    """What was given can be read, but it does not tell what was asked; no figure is better than a made-up one."""


class Conflict(GoodwillError):
    """Somebody else is at it, or it was already done differently; look again and retry."""


class Busy(Conflict):
    """The database cannot take this now: somebody holds it, too many use it, or it does not answer. Later it may.

    Attributes:
        sentence: fit for everybody.
        inside: for whoever runs the shop: which database, and what it said; never a password.
    """

    def __init__(self, sentence: str, inside: str = "") -> None:
        super().__init__(f"{sentence} {inside}".rstrip())
        self.sentence = sentence
        self.inside = inside


class Overflow(GoodwillError):
    """A whole-number sum left the range of 64 bits; nothing was changed."""


class KeyDestroyed(GoodwillError):
    """The person's key was destroyed, so what it locked is gone for good."""


class KeyMissing(GoodwillError):
    """No key was ever made for this person, or the key store is not the one that belongs to this data."""
