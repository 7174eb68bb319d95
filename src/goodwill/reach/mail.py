"""A letter as a mail program gets it: headers, text and HTML, in the forms that RFC 5322, 8058 and 3834 ask for."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

from goodwill.basics.clock import moment
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import opaque
from goodwill.reach.letters import Written, fit_for_header

# Seven bits only: a server that offers less than 8BITMIME must not be able to spoil a letter.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a channel delivers.

    Attributes:
        sender, to: bare addresses, for the envelope.
    """

    sender: str
    to: str
    message: EmailMessage

    def as_bytes(self) -> bytes:
        return self.message.as_bytes()


def mail(written: Written, *, sender: str, to: str, number: int, at: int, unsubscribe: str | None = None) -> Mail:
    """Put a letter into an envelope.

    Args:
        sender: ``Name <address>`` or an address alone.
        number: of the letter; it makes the Message-ID, so that a letter that arrives twice is known as one.
        at: when, in microseconds.

    Raises:
        BadInput: an address is not one, or a value could break out of its header. Nothing was built then.
    """
    origin = sender_of(sender)
    fit_for_header(to, "address")
    fit_for_header(written.subject, "subject")
    fit_for_header(unsubscribe or "", "unsubscribe address")
    reader = _address(to)
    message = EmailMessage(policy=_POLICY)
    message["From"] = origin
    message["To"] = reader
    message["Subject"] = written.subject
    message["Date"] = format_datetime(moment(at))
    message["Message-ID"] = f"<{opaque(number)}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    message["Content-Language"] = written.language
    return Mail(origin.addr_spec, reader.addr_spec, message)


def sender_of(text: str) -> Address:
    """Whom letters are from: ``Name <address>`` or an address alone.

    Raises:
        BadInput: it is neither, or could break out of its header.
    """
    name, address = parseaddr(fit_for_header(text, "sender"))
    return _address(address, name)


def _address(text: str, name: str = "") -> Address:
    try:
        held = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        held = None
    if held is None or held.ascii_email is None:
        raise BadInput("That is no address to write to or from; it looks like amina@example.com.")
    return Address(display_name=name, addr_spec=held.ascii_email)
