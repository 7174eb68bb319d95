"""Read the settings and build the shop: the only place that looks at files of settings and at the environment."""

import os
import pickle
import re
import secrets
import tomllib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import platformdirs

from goodwill.access.columns import Columns
from goodwill.basics.clock import SECOND, Clock, system_clock
from goodwill.basics.errors import BadInput, Busy, Conflict, KeyMissing, NotFound
from goodwill.decide.lessons import LESSONS
from goodwill.decide.sensitive import SENSITIVE
from goodwill.learn.library import Library
from goodwill.measure.period import EVERY
from goodwill.protect.cipher import Cipher
from goodwill.protect.keyfiles import KEY_BYTES
from goodwill.protect.keystore import KeyStore
from goodwill.purposes import SHIPPED, USED, Regimes, Register, load, load_regimes, shipped, shipped_regimes
from goodwill.reach.channels.https import Https
from goodwill.reach.channels.smtp import SECURITY, Smtp
from goodwill.reach.letters import LANGUAGES
from goodwill.reach.mail import sender_of
from goodwill.shop import Actor, Shop, ShopSettings
from goodwill.shop.answering import CONFIRMS
from goodwill.staff import Role
from goodwill.storage import apart, connect, migrate, revision
from goodwill.storage.migrate import newest
from goodwill.web import store as requests
from goodwill.web.bringing import clear_uploads

if TYPE_CHECKING:
    from goodwill.staff.oidc import Oidc

SETTINGS_FILE = "goodwill.toml"
_PREFIX = "GOODWILL_"
# Read from the environment alone: where to look, what to print, and what no file of settings should hold.
_MASTER, _MASTER_FILE = "GOODWILL_MASTER_KEY", "GOODWILL_MASTER_KEY_FILE"
_SMTP_PASSWORD, _SMTP_PASSWORD_FILE = "GOODWILL_SMTP_PASSWORD", "GOODWILL_SMTP_PASSWORD_FILE"
OTHER_VARIABLES = (
    "GOODWILL_HOME",
    "GOODWILL_DEBUG",
    "GOODWILL_WEBHOOK_SECRET",
    _MASTER,
    _MASTER_FILE,
    _SMTP_PASSWORD,
    _SMTP_PASSWORD_FILE,
)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting: a line of goodwill.toml, or GOODWILL_<NAME> in the environment, which wins."""

    id: str  # names the shop inside every ciphertext; made once
    name: str = "My shop"
    zone: str = "UTC"
    currency: str = "EUR"
    region: str = ""  # IT, or with a part of the country US-CA; whose law counts, and how phone numbers are read
    database: str = ""  # a PostgreSQL URL; empty: shop.db in the home
    purposes: str = ""  # a register of the shop's own; empty: the one shipped
    regimes: str = ""  # a table of laws of the shop's own; empty: the one shipped
    items: str = "product"  # what models count: product, type or category
    new_in_ten: int = 1  # of ten suggestions, how many are new to the person
    # Parts of words that name kinds of products which are never suggested unasked.
    sensitive: tuple[str, ...] = SENSITIVE
    # Parts of words that name what everybody needs; of that nobody gets a price of her own.
    essential: tuple[str, ...] = ("baby food", "infant formula", "diaper", "insulin", "medicine", "drinking water")
    figures_every: str = "week"  # how often figures are made anew: week (to Sunday), month, or day
    margin: int = 0  # percent of an amount that stays, for figures of what customers are worth; 0: not known
    settle_minutes: int = 15  # how long new purchases may wait before models count them; a withdrawal never waits
    base_url: str = ""  # where the shop is reached from outside; empty: where it is served
    watermark: str = ""
    columns: str = "auto"  # duckdb, database, or auto
    columns_memory: str = "2GB"
    port: int = 8400
    # Staff may sign in with the shop's own identity provider; the secret is better kept in the environment.
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_secret: str = ""
    oidc_name: str = ""  # on the button; empty: the issuer's host
    oidc_claim: str = ""  # the claim that tells groups; empty: roles are given here
    oidc_roles: tuple[str, ...] = ()  # "group=role", the first that fits
    oidc_new: str = ""  # the role of somebody who has no account yet; empty: nobody new is let in
    postal_address: str = ""  # of whoever answers for the data; stands on receipts
    contact_email: str = ""
    checkpoints_copy: str = ""  # a second folder for checkpoints, such as one of another machine
    language: str = "en"  # of letters to people whose own is not known
    smtp_host: str = ""  # the mail server; empty: letters wait in the outbox
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_from: str = ""  # what letters are from, such as Café Amina <hello@cafe.example>
    smtp_security: str = "starttls"  # starttls, tls, or none
    hold_hours: int = 24  # how long a copy or an erasure that a customer asked for waits for a "that was not me"
    alone_a_day: int = 3  # how many people the shop may export, or erase, in 24 hours without four eyes
    proxies: int = 0  # how many of the shop's own stand before it, each adding to X-Forwarded-For
    epoch_hours: int = 24  # after how many hours older copies of the keys open nothing, once somebody was erased
    webhooks_loopback: str = "no"  # whether other systems on this very machine may be told, by http too
    confirm_email: str = "asked-here"  # which yes to news waits for its confirmation: asked-here, always, never


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting, its value, and where the value comes from."""

    name: str
    value: object
    origin: str


def home_of(home: str | Path | None = None) -> Path:
    """The shop's folder: as given, else GOODWILL_HOME, else the platform's data folder."""
    chosen = home or os.environ.get(f"{_PREFIX}HOME") or platformdirs.user_data_path("goodwill")
    return Path(chosen).expanduser().absolute()


def create_shop(home: str | Path | None = None, *, clock: Clock = system_clock, **values: Any) -> Shop:
    """Make a new shop in a folder: settings, folders, database, key store.

    Raises:
        Conflict: there is a shop already.
        BadInput: a value does not fit its setting.
    """
    folder = home_of(home)
    if (folder / SETTINGS_FILE).exists():
        raise Conflict(f"There is a shop in {folder} already. Open it, or choose another folder with --home.")
    chosen = {"id": secrets.token_hex(16), **values}
    _refuse_unknown(chosen, "What was given")
    settings = _checked(Origin(name, value, "") for name, value in chosen.items())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("keys", "totals", "checkpoints", "exports", "logs"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    _write(folder / SETTINGS_FILE, settings, {"id", "name", "zone", "currency", *values})
    try:
        return open_shop(folder, clock=clock)
    except BaseException:
        (folder / SETTINGS_FILE).unlink()  # what could not be opened once is no shop yet, and may be made again
        raise


def open_shop(home: str | Path | None = None, *, clock: Clock = system_clock) -> Shop:
    """Open the shop in a folder and bring its tables up to date.

    Raises:
        NotFound: there is no shop.
        BadInput: a setting is unknown or does not fit, or the register lacks something.
        KeyMissing: the master key is not the one of this shop.
        Busy: the database does not answer, or somebody holds it too long.
    """
    folder = home_of(home)
    settings = settings_of(folder)
    regimes = load_regimes(folder / settings.regimes) if settings.regimes else shipped_regimes()
    return _opened(folder, _Read(settings, register_of(settings, folder), regimes), clock)


def open_alike(home: str | Path, opened_with: bytes, *, clock: Clock = system_clock) -> Shop:
    """Open a shop as another process has it open: with what that one read, whatever its files say by now.

    Args:
        opened_with: as the other one's `Shop` holds it; it comes from nobody else.

    Raises:
        KeyMissing: the master key is not the one of this shop.
        Busy: the database does not answer, or somebody holds it too long.
    """
    read: _Read = pickle.loads(opened_with)  # noqa: S301 - from the server that began us
    return _opened(home_of(home), read, clock)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a home to open its shop."""

    settings: Settings
    register: Register
    regimes: Regimes


def _opened(folder: Path, read: _Read, clock: Clock) -> Shop:
    settings = read.settings
    database = connect(settings.database or folder / "shop.db")
    if revision(database) != newest():  # looking waits for nobody; migrating waits for whoever writes
        migrate(database)
    keys = keys_of(folder, clock=clock)
    columns = Columns(database, engine=settings.columns, memory=settings.columns_memory)
    shop = Shop(
        database=database,
        register=read.register,
        regimes=read.regimes,
        channel=_channel(settings),
        caller=Https(loopback=settings.webhooks_loopback == "yes"),
        keys=keys,
        oidc=oidc_of(settings, clock),
        cipher=Cipher(keys, settings.id),
        columns=columns,
        library=Library(folder / "totals", settle_minutes=settings.settle_minutes, lessons=LESSONS),
        settings=_for_shop(settings),
        folder=folder,
        clock=clock,
        opened_with=pickle.dumps(read),
    )
    shop.erasure.follow()
    shop.acting(Actor("opening the shop")).noes.follow()
    shop.notices.keep_starters()
    shop.planning.keep_starters()
    return shop


def demo(home: str | Path | None = None, *, full: bool = False) -> Shop:
    """A shop with real grocery purchases and invented consents, imported and learned; needs the extra ``demo``."""
    from goodwill.simulate.demo import furnish

    folder = home_of(home) / "demo" if home is None else home_of(home)
    shop = open_shop(folder) if (folder / SETTINGS_FILE).exists() else create_shop(folder, **DEMO)
    furnish(shop, full=full)
    return shop


@dataclass(frozen=True, slots=True)
class Job:
    """Something that a shop does by itself, again and again."""

    name: str
    says: str
    every: float  # seconds
    do: Callable[[], object]


def jobs(shop: Shop) -> tuple[Job, ...]:
    """All jobs of a shop."""
    return (
        Job("settle", "let every total catch up with consent and events", 3_600, shop.settle),
        Job("learn", "fit the models anew, with the weight that suggests best", 86_400, _as_job(shop, "learn").learn),
        Job(
            "erase", "go on with erasures that were interrupted", 3_600, lambda: _finish_erasing(_as_job(shop, "erase"))
        ),
        Job(
            "rotate-keys",
            "let older copies of the keys open nothing",
            3_600,
            _as_job(shop, "rotate-keys").erasure.rotate_when_due,
        ),
        Job("checkpoint", "hash both logs anew and sign them outside the database", 3_600, shop.proofs.checkpoint),
        Job("post", "send the letters that wait", 5, _as_job(shop, "post").post.deliver),
        Job("tell", "send what other systems are told", 5, _as_job(shop, "tell").told.deliver),
        Job("webhooks", "work on what other systems sent in", 5, _as_job(shop, "webhooks").webhooks.work),
        Job(
            "faithfulness",
            "try whether the reasons that were told in the last day are true",
            86_400,
            _as_job(shop, "faithfulness").faithful.measure,
        ),
        Job(
            "segments",
            "try whether kept segments can still be asked, and give nobody away",
            86_400,
            _as_job(shop, "segments").trying_segments.run,
        ),
        Job("retention", "delete what no purpose needs any longer", 86_400, _as_job(shop, "retention").retention.run),
        Job(
            "requests",
            "take customers' requests on",
            30,
            shop.acting(Actor("job requests")).rights.advance,
        ),
        Job(
            "tidy",
            "drop what has ended: answers to repeats, sessions, sign-in letters, late approvals, files left lying",
            3_600,
            lambda: _tidy(shop),
        ),
    )


_UNDER_WAY = 15 * 60 * SECOND  # an erasure that is younger may still be worked on by whoever was asked for it


def _finish_erasing(shop: Shop) -> None:
    shop.erasure.finish(waited=_UNDER_WAY)


def _as_job(shop: Shop, name: str) -> Shop:
    return shop.acting(Actor(f"job {name}"))


def _tidy(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        requests.drop_old(connection, now=shop.clock())
    shop.staff.tidy()
    shop.sign_in.tidy()
    shop.webhooks.tidy()
    shop.told.tidy()
    clear_uploads(shop.folder)
    apart.sweep(shop.database)


@contextmanager
def working(shop: Shop, *, told: Callable[[str, Exception], None]) -> Iterator[None]:
    """Do the shop's jobs in the background for as long as the block lasts.

    Args:
        told: hears of a job that failed; it is tried again when its time comes round.
    """
    stop = Event()
    thread = Thread(target=_work, args=(jobs(shop), stop, told, shop.told.finished), name="goodwill-jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)


def _work(
    all_jobs: tuple[Job, ...], stop: Event, told: Callable[[str, Exception], None], done: Callable[..., None]
) -> None:
    due = {job.name: monotonic() + job.every for job in all_jobs}
    while not stop.wait(max(0.0, min(due.values()) - monotonic())):
        for job in all_jobs:
            if monotonic() >= due[job.name] and not stop.is_set():
                well = True
                try:
                    job.do()
                except Exception as error:  # noqa: BLE001 - one failed job must not end the others
                    well = False
                    told(job.name, error)
                with suppress(Busy):
                    done(job.name, job.every, well=well)
                due[job.name] = monotonic() + job.every


DEMO: Mapping[str, Any] = {
    "name": "Demo grocer",
    "currency": "USD",
    "zone": "America/New_York",
    "items": "type",
    "watermark": "demo: consents invented",
    "margin": 25,  # of a grocer's amounts; invented too, and the demo says so
}


# ---- settings --------------------------------------------------------------------------------------------------------


def settings_of(folder: Path) -> Settings:
    """The settings of the shop in a folder."""
    return _checked(origins(folder))


def origins(folder: Path) -> list[Origin]:
    """Every setting with its value and where that comes from.

    Raises:
        NotFound: there is no shop.
        BadInput: a setting is unknown, missing or does not fit; the message names it and where it comes from.
    """
    file = folder / SETTINGS_FILE
    if not file.exists():
        raise NotFound(f"There is no shop in {folder}. Make one with: goodwill init --home {folder}")
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not valid TOML: {error}") from None
    _refuse_unknown(written, str(file))
    found = [_found(field, written, str(file)) for field in msgspec.structs.fields(Settings)]
    _checked(found)
    return found


def _found(field: msgspec.structs.FieldInfo, written: Mapping[str, object], file: str) -> Origin:
    variable = f"{_PREFIX}{field.name.upper()}"
    if variable in os.environ:
        return Origin(field.name, _from_text(field.type, os.environ[variable]), variable)
    if field.name in written:
        return Origin(field.name, written[field.name], file)
    if field.default is msgspec.NODEFAULT:
        raise BadInput(
            f"{file} lacks '{field.name}', without which nothing that was sealed can be opened. Put it back."
        )
    return Origin(field.name, field.default, "default")


def _refuse_unknown(written: Mapping[str, object], source: str) -> None:
    known = {field.name for field in msgspec.structs.fields(Settings)}
    if unknown := sorted(written.keys() - known):
        raise BadInput(f"{source} has unknown settings: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}.")


def _from_text(kind: Any, text: str) -> object:
    """A value from the environment, in the type that the setting has if it can be; lists are separated by commas."""
    if kind is int:
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()) else text
    return text if kind is str else tuple(part.strip() for part in text.split(",") if part.strip())


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


_ROLES = tuple(map(str, Role))
SECRET = frozenset({"database", "oidc_secret"})  # never shown whole


def _is_sender(text: str) -> bool:
    try:
        return bool(sender_of(text))
    except BadInput:
        return False


# What a setting must be, besides of its type, and how that is said.
_WANTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "id": (bool, "the text that init made"),
    "zone": (_is_zone, "a time zone such as Europe/Rome"),
    "currency": (lambda code: bool(re.fullmatch("[A-Z]{3}", code)), "three capitals such as EUR"),
    "region": (
        lambda code: bool(re.fullmatch("([A-Z]{2}(-[A-Z0-9]{1,3})?)?", code)),
        "two capitals such as IT, with a part of the country such as US-CA, or nothing",
    ),
    "items": (lambda word: word in ("product", "type", "category"), "product, type or category"),
    "new_in_ten": (lambda count: 0 <= count <= 10, "a whole number from 0 to 10"),
    "figures_every": (lambda word: word in EVERY, f"{', '.join(EVERY[:-1])} or {EVERY[-1]}"),
    "margin": (lambda percent: 0 <= percent <= 100, "a whole number from 0 to 100"),
    "settle_minutes": (lambda count: 0 <= count <= 1440, "a whole number from 0 to 1440"),
    "base_url": (lambda text: not text or _is_address(text), "an address such as https://shop.example, or nothing"),
    "columns": (lambda word: word in ("auto", "duckdb", "database"), "auto, duckdb or database"),
    "columns_memory": (lambda size: bool(re.fullmatch("[0-9.]+ ?[KMGT]i?B", size)), "a size such as 2GB"),
    "oidc_issuer": (lambda text: not text or _is_address(text), "an address such as https://id.example, or nothing"),
    "oidc_roles": (
        lambda pairs: all(pair.rpartition("=")[0] and pair.rpartition("=")[2] in _ROLES for pair in pairs),
        f"pairs such as staff-admins=owner; roles are {', '.join(_ROLES)}",
    ),
    "oidc_new": (
        lambda role: role in {"", *_ROLES} - {"owner"},
        f"one of {', '.join(role for role in _ROLES if role != 'owner')}, or nothing",
    ),
    "contact_email": (lambda text: not text or "@" in text.strip("@"), "an e-mail address, or nothing"),
    "checkpoints_copy": (
        lambda text: not text or Path(text).is_absolute(),
        "a whole path such as /mnt/other, or nothing",
    ),
    "language": (lambda word: word in LANGUAGES, f"one of {', '.join(LANGUAGES)}"),
    "alone_a_day": (lambda number: 0 <= number <= 100_000, "a whole number from 0 to 100000"),
    "hold_hours": (lambda number: 0 <= number <= 168, "a whole number from 0 to 168"),
    "smtp_port": (lambda number: 1 <= number <= 65_535, "a whole number from 1 to 65535"),
    "smtp_from": (lambda text: not text or _is_sender(text), "an address such as Café Amina <hello@cafe.example>"),
    "smtp_security": (lambda word: word in SECURITY, f"one of {', '.join(SECURITY)}"),
    "proxies": (lambda count: 0 <= count <= 9, "a whole number from 0 to 9"),
    "epoch_hours": (lambda hours: 1 <= hours <= 8_760, "a whole number from 1 to 8760"),
    "confirm_email": (lambda word: word in CONFIRMS, f"one of {', '.join(CONFIRMS)}"),
    "webhooks_loopback": (lambda word: word in ("yes", "no"), "yes or no"),
    "port": (lambda number: 1 <= number <= 65_535, "a whole number from 1 to 65535"),
}
_OF_TYPE = {int: "a whole number", str: "a text"}


def _checked(found: Iterable[Origin]) -> Settings:
    fields = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    return Settings(**{one.name: _fitting(one, fields[one.name]) for one in found})


def _fitting(setting: Origin, kind: Any) -> Any:
    """The value of a setting, if it fits.

    Raises:
        BadInput: it does not; the message says where it comes from.
    """
    fits, wanted = _WANTED.get(setting.name, (lambda _: True, _OF_TYPE.get(kind, "a list of texts")))
    try:
        value = msgspec.convert(setting.value, kind)
        if fits(value):
            return value
    except msgspec.ValidationError:
        pass
    from_variable = setting.origin.startswith(_PREFIX)
    name = setting.origin if from_variable else f"'{setting.name}'"
    where = f" in {setting.origin}" if setting.origin and not from_variable else ""
    shown = "***" if setting.name in SECRET else repr(setting.value)  # an address may hold a password
    raise BadInput(f"{name}{where} must be {wanted}, not {shown}.")


def register_of(settings: Settings, folder: Path) -> Register:
    """The register of the shop in a folder: its own, if it has one.

    Raises:
        BadInput: it cannot be read, contradicts itself, or lacks a purpose that the program uses.
    """
    if not settings.purposes:
        return shipped()
    register = load(folder / settings.purposes)
    if missing := [f"[purpose.{purpose}]" for purpose in USED if purpose not in register]:
        raise BadInput(
            f"The register {register.source} lacks {' and '.join(missing)}, which goodwill asks for by name. Copy what "
            f"is missing from the register that comes with goodwill ({SHIPPED}), then change it as you like."
        )
    return register


def oidc_of(settings: Settings, clock: Clock) -> "Oidc | None":
    """The identity provider that the settings name, if they name one.

    Raises:
        BadInput: its settings are incomplete, or the extra ``oidc`` is not installed.
    """
    if not settings.oidc_issuer:
        return None
    if not (settings.oidc_client and settings.oidc_secret):
        raise BadInput("oidc_issuer needs oidc_client and oidc_secret too; GOODWILL_OIDC_SECRET keeps the latter out.")
    if bool(settings.oidc_claim) != bool(settings.oidc_roles):
        raise BadInput("oidc_claim and oidc_roles belong together: the claim, and what its values mean here.")
    try:
        from goodwill.staff.oidc import Oidc, Provider
    except ModuleNotFoundError as error:
        raise BadInput(
            f"oidc_issuer needs {error.name}, which is not installed: pip install 'goodwill[oidc]'"
        ) from None
    pairs = (pair.rpartition("=") for pair in settings.oidc_roles)
    return Oidc(
        Provider(
            issuer=settings.oidc_issuer,
            client=settings.oidc_client,
            secret=settings.oidc_secret,
            name=settings.oidc_name or urlsplit(settings.oidc_issuer).netloc,
            claim=settings.oidc_claim,
            roles={value: Role(role) for value, _, role in pairs},
            new=Role(settings.oidc_new) if settings.oidc_new else None,
        ),
        clock,
    )


def _for_shop(settings: Settings) -> ShopSettings:
    return ShopSettings(
        shop_id=settings.id,
        name=settings.name,
        zone=ZoneInfo(settings.zone),
        currency=settings.currency,
        region=settings.region[:2] or None,
        place=settings.region,
        language=settings.language,
        mail_from=settings.smtp_from,
        hold_hours=settings.hold_hours,
        alone_a_day=settings.alone_a_day,
        items=settings.items,
        new_in_ten=settings.new_in_ten,
        sensitive=settings.sensitive,
        essential=settings.essential,
        base_url=settings.base_url.rstrip("/"),
        watermark=settings.watermark,
        port=settings.port,
        postal_address=settings.postal_address,
        contact_email=settings.contact_email,
        checkpoints_copy=Path(settings.checkpoints_copy) if settings.checkpoints_copy else None,
        proxies=settings.proxies,
        epoch_hours=settings.epoch_hours,
        confirm_email=settings.confirm_email,
        figures_every=settings.figures_every,
        margin=settings.margin,
    )


# ---- keys ------------------------------------------------------------------------------------------------------------


def keys_of(folder: Path, *, clock: Clock = system_clock) -> KeyStore:
    """The key store of the shop in a folder, opened with the master key from the environment if one is there.

    Raises:
        BadInput: what the environment holds is no master key, or its file cannot be read.
        KeyMissing: the master key is not the one that this store was made with.
    """
    given = _master_key()
    if given is None:
        return KeyStore.open(folder / "keys", clock=clock)
    origin, master = given
    try:
        return KeyStore.open(folder / "keys", clock=clock, master=master)
    except KeyMissing as error:
        raise KeyMissing(f"{error} The one tried came from {origin}.") from None


def _master_key() -> tuple[str, bytes] | None:
    """The master key from the environment and where it stood; None where the file beside the keys is to be used."""
    if _MASTER in os.environ and _MASTER_FILE in os.environ:
        raise BadInput(f"{_MASTER} and {_MASTER_FILE} are both set, and one of them would go unread. Take one out.")
    if _MASTER in os.environ:
        return _MASTER, _read_key(os.environ[_MASTER].encode(), _MASTER)
    if _MASTER_FILE not in os.environ:
        return None
    file = os.environ[_MASTER_FILE]
    try:
        held = Path(file).expanduser().read_bytes()
    except OSError as error:
        raise BadInput(f"{_MASTER_FILE} names {file!r}, which cannot be read: {error.strerror}.") from None
    origin = f"{file} ({_MASTER_FILE})"
    return origin, held if len(held) == KEY_BYTES else _read_key(held, origin)


def _read_key(written: bytes, origin: str) -> bytes:
    """A key in hexadecimal digits or base64; it is never repeated in an error."""
    text = written.strip()
    try:
        key = bytes.fromhex(text.decode("ascii")) if len(text) == 2 * KEY_BYTES else b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) == KEY_BYTES:
        return key
    raise BadInput(
        f"{origin} holds no master key. It is {KEY_BYTES} bytes, written as {2 * KEY_BYTES} hexadecimal digits or in "
        "base64; this makes a new one: openssl rand -hex 32"
    )


# ---- mail ------------------------------------------------------------------------------------------------------------


def _channel(settings: Settings) -> Smtp | None:
    """The mail server that the settings name; None where they name none.

    Raises:
        BadInput: letters would be from nobody, or a password would go over the wire in clear.
    """
    if not settings.smtp_host:
        return None
    if not settings.smtp_from:
        raise BadInput("smtp_host is set and smtp_from is not: letters need an address that they are from.")
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_user,
        _smtp_password(),
        settings.smtp_security,
    )


def _smtp_password() -> str:
    if _SMTP_PASSWORD in os.environ and _SMTP_PASSWORD_FILE in os.environ:
        raise BadInput(f"{_SMTP_PASSWORD} and {_SMTP_PASSWORD_FILE} are both set. Take one out.")
    if _SMTP_PASSWORD_FILE not in os.environ:
        return os.environ.get(_SMTP_PASSWORD, "")
    file = os.environ[_SMTP_PASSWORD_FILE]
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise BadInput(f"{_SMTP_PASSWORD_FILE} names {file!r}, which cannot be read: {reason}.") from None


# ---- the file of settings --------------------------------------------------------------------------------------------


def _write(file: Path, settings: Settings, names: set[str]) -> None:
    lines = ["# A goodwill shop. Every setting: goodwill config show", ""]
    chosen = [field.name for field in msgspec.structs.fields(Settings) if field.name in names]
    lines += [f"{name} = {_toml(getattr(settings, name))}" for name in chosen]
    # Its owner's alone from the first byte: the database's address may hold a password.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def _toml(value: object) -> str:
    # JSON's strings, numbers and lists are TOML's too.
    return msgspec.json.encode(value).decode()
