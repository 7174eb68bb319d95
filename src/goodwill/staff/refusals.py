"""Why somebody is not let in, or not let do something; each sentence is the same for an account that does not exist."""

from goodwill.basics.errors import Refused


class NotRecognised(Refused):
    """The address, the password, the code or the session is not right. Nothing says which, or whether there is one."""


class CodeNeeded(Refused):
    """A code of the second factor has to be given first."""


class TooManyTries(Refused):
    """Too much was tried for this account or from this address.

    Attributes:
        wait: seconds until something may be tried again.
    """

    def __init__(self, wait: int) -> None:
        minutes = -(-wait // 60)
        super().__init__(f"Too many tries. Wait {minutes} minute{'s' if minutes != 1 else ''}, then try again.")
        self.wait = wait


class NotAllowed(Refused):
    """This role may not do that, or not to this."""
