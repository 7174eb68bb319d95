"""How a command ends: the one place where an error becomes an exit code and a sentence that helps."""

import os
import re
import sys
import traceback
from dataclasses import dataclass
from enum import IntEnum

import typer

from goodwill.basics.errors import BadFile, BadInput, Conflict, GoodwillError, KeyDestroyed, NotFound, Refused


class Code(IntEnum):
    """Exit codes; a promise to scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2  # what was typed cannot be understood
    REFUSED = 3  # no consent, not approved, budget spent
    NOT_FOUND = 4
    CONFLICT = 5  # busy, or done differently already
    REJECTED = 6  # some rows of the input were not taken
    STOPPED = 130  # Ctrl-C, as shells count it


class AnswerNeeded(BadInput):
    """A question had to be asked, and nobody may be asked here."""


_CODE_OF: dict[type[BaseException], Code] = {
    Refused: Code.REFUSED,
    NotFound: Code.NOT_FOUND,
    KeyDestroyed: Code.NOT_FOUND,
    Conflict: Code.CONFLICT,
    BadFile: Code.FAILED,  # nothing that was typed could help
    BadInput: Code.USAGE,
    typer.TyperException: Code.USAGE,
    FileNotFoundError: Code.NOT_FOUND,
    KeyboardInterrupt: Code.STOPPED,
}


@dataclass(frozen=True, slots=True)
class End:
    """How a command went wrong.

    Attributes:
        sentence: what happened, fit for a screen.
        help: what to try next; "" where the sentence says it itself.
    """

    code: Code
    sentence: str
    help: str = ""

    def document(self) -> dict[str, object]:
        """What ``--json`` prints in place of a result."""
        kind = self.code.name.lower().replace("_", "-")
        return {"error": {"code": int(self.code), "kind": kind, "message": self.sentence, "help": self.help}}


def end_of(error: BaseException, *, command: str = "goodwill", lost: str = "") -> End:
    """The end that an error is.

    Args:
        command: what was called, as in ``goodwill people show``.
        lost: the command that lists what this one was looking for.
    """
    if isinstance(error, typer.Abort):
        return End(Code.FAILED, "Stopped; nothing was changed.")
    if isinstance(error, KeyboardInterrupt):
        return End(Code.STOPPED, "Stopped. What was finished is kept; nothing is half done.")
    code = next((_CODE_OF[kind] for kind in type(error).__mro__ if kind in _CODE_OF), Code.FAILED)
    sentence = _sentence(error)
    return End(code, sentence, "" if "goodwill " in sentence else _help(error, code, command, lost))


def _sentence(error: BaseException) -> str:
    if isinstance(error, typer.TyperException):
        return _whole(error.format_message())
    if isinstance(error, GoodwillError):
        return _whole(str(error))
    if _is_away(error):
        return "The database does not answer."
    if isinstance(error, OSError) and error.strerror:
        return _whole(f"This machine says: {error.strerror}{f' ({error.filename})' if error.filename else ''}")
    return f"Something broke inside ({type(error).__name__}: {error}). Nothing was half done."


_COMMAND = re.compile(r"(?:goodwill|--\w+) [^.?!]*$")  # what is to be typed must not get a stop at its end


def _whole(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!")) or _COMMAND.search(text) else f"{text}."


def _help(error: BaseException, code: Code, command: str, lost: str) -> str:
    if code is Code.REFUSED or isinstance(error, AnswerNeeded | BadFile):
        return ""
    if code in (Code.NOT_FOUND, Code.CONFLICT) and lost and isinstance(error, GoodwillError):
        return lost
    if code is Code.CONFLICT:
        return ""  # its sentence says whether waiting helps
    if code in (Code.USAGE, Code.NOT_FOUND):
        return f"{command} --help"
    if isinstance(error, GoodwillError | OSError) or _is_away(error):
        return "goodwill doctor"
    return "the same with GOODWILL_DEBUG=1 in front, which shows where; please report it"


def _is_away(error: BaseException) -> bool:
    """Whether a driver says that the database cannot be reached; only asked where SQLAlchemy is loaded anyway."""
    exceptions = sys.modules.get("sqlalchemy.exc")
    return exceptions is not None and isinstance(error, exceptions.OperationalError | exceptions.InterfaceError)


def is_debugging() -> bool:
    return os.environ.get("GOODWILL_DEBUG", "") not in ("", "0")


def show_trace(error: BaseException) -> None:
    """The way to an error, for whoever asked with GOODWILL_DEBUG."""
    if is_debugging():
        traceback.print_exception(error, file=sys.stderr)
