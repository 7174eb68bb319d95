"""Read the settings and build the shop: the only place that looks at files of settings and at the environment."""

import os
import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import platformdirs

from goodwill.access.columns import Columns
from goodwill.basics.clock import Clock, system_clock
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.learn.library import Library
from goodwill.protect.cipher import Cipher
from goodwill.protect.keystore import KeyStore
from goodwill.purposes import Register, load, shipped
from goodwill.shop import Shop, ShopSettings
from goodwill.storage import connect, migrate

SETTINGS_FILE = "goodwill.toml"
_PREFIX = "GOODWILL_"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting: a line of goodwill.toml, or GOODWILL_<NAME> in the environment, which wins."""

    id: str  # names the shop inside every ciphertext; made once
    name: str = "My shop"
    zone: str = "UTC"
    currency: str = "EUR"
    region: str = ""  # two letters; reads telephone numbers without a country code
    database: str = ""  # a PostgreSQL URL; empty: shop.db in the home
    purposes: str = ""  # a register of the shop's own; empty: the one shipped
    items: str = "product"  # what models count: product, type or category
    new_in_ten: int = 1  # of ten suggestions, how many are new to the person
    # Parts of words that name kinds of products which are never suggested unasked.
    sensitive: tuple[str, ...] = (
        "pharmac",
        "contracepti",
        "incontinen",
        "pregnan",
        "feminine hyg",
        "family plan",
        "laxative",
        "tobacco",
        "cigar",
    )
    settle_minutes: int = 15  # how long new purchases may wait before models count them; a withdrawal never waits
    base_url: str = "http://127.0.0.1:8400"
    watermark: str = ""
    columns: str = "auto"  # duckdb, database, or auto
    columns_memory: str = "2GB"
    port: int = 8400


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
    settings = _checked({"id": secrets.token_hex(16), **values}, "the values given")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("keys", "totals", "exports", "logs"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    _write(folder / SETTINGS_FILE, settings, {"id", "name", "zone", "currency", *values})
    return open_shop(folder, clock=clock)


def open_shop(home: str | Path | None = None, *, clock: Clock = system_clock) -> Shop:
    """Open the shop in a folder and bring its tables up to date.

    Raises:
        NotFound: there is no shop.
        BadInput: a setting is unknown or does not fit.
    """
    folder = home_of(home)
    settings = settings_of(folder)
    database = connect(settings.database or folder / "shop.db")
    migrate(database)
    keys = KeyStore.open(folder / "keys", clock=clock)
    columns = Columns(database, engine=settings.columns, memory=settings.columns_memory)
    return Shop(
        database=database,
        register=_register(settings, folder),
        keys=keys,
        cipher=Cipher(keys, settings.id),
        columns=columns,
        library=Library(folder / "totals", settle_minutes=settings.settle_minutes),
        settings=_for_shop(settings),
        folder=folder,
        clock=clock,
    )


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
        Job("learn", "fit the models anew, with the weight that suggests best", 86_400, shop.learn),
    )


@contextmanager
def working(shop: Shop, *, told: Callable[[str, Exception], None]) -> Iterator[None]:
    """Do the shop's jobs in the background for as long as the block lasts.

    Args:
        told: hears of a job that failed; it is tried again when its time comes round.
    """
    stop = Event()
    thread = Thread(target=_work, args=(jobs(shop), stop, told), name="goodwill-jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)


def _work(all_jobs: tuple[Job, ...], stop: Event, told: Callable[[str, Exception], None]) -> None:
    due = {job.name: monotonic() + job.every for job in all_jobs}
    while not stop.wait(max(0.0, min(due.values()) - monotonic())):
        for job in all_jobs:
            if monotonic() >= due[job.name] and not stop.is_set():
                try:
                    job.do()
                except Exception as error:  # noqa: BLE001 - one failed job must not end the others
                    told(job.name, error)
                due[job.name] = monotonic() + job.every


DEMO: Mapping[str, Any] = {
    "name": "Demo grocer",
    "currency": "USD",
    "zone": "America/New_York",
    "items": "type",
    "watermark": "demo: consents invented",
}


def settings_of(folder: Path) -> Settings:
    """The settings of the shop in a folder."""
    return _checked({one.name: one.value for one in origins(folder)}, str(folder / SETTINGS_FILE))


def origins(folder: Path) -> list[Origin]:
    """Every setting with its value and where that comes from."""
    file = folder / SETTINGS_FILE
    if not file.exists():
        raise NotFound(f"There is no shop in {folder}. Make one with: goodwill init --home {folder}")
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file} is not valid TOML: {error}") from None
    _refuse_unknown(written, str(file))
    found = []
    for field in msgspec.structs.fields(Settings):
        variable = f"{_PREFIX}{field.name.upper()}"
        if variable in os.environ:
            found.append(Origin(field.name, _from_text(field.type, os.environ[variable], variable), variable))
        elif field.name in written:
            found.append(Origin(field.name, written[field.name], str(file)))
        elif field.default is not msgspec.NODEFAULT:
            found.append(Origin(field.name, field.default, "default"))
    return found


def _refuse_unknown(written: Mapping[str, object], source: str) -> None:
    known = {field.name for field in msgspec.structs.fields(Settings)}
    if unknown := sorted(written.keys() - known):
        raise BadInput(f"{source} has unknown settings: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}.")


def _from_text(kind: Any, text: str, variable: str) -> object:
    """A value from the environment, in the type that the setting has; lists are separated by commas."""
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise BadInput(f"{variable} must be a whole number, not '{text}'") from None
    return tuple(part.strip() for part in text.split(",") if part.strip()) if kind not in (str, int) else text


def _checked(values: Mapping[str, object], source: str) -> Settings:
    try:
        settings = msgspec.convert(dict(values), Settings)
    except msgspec.ValidationError as error:
        raise BadInput(f"A setting in {source} does not fit: {error}") from None
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput(f"'{settings.zone}' in {source} is not a time zone; use a name such as Europe/Rome") from None
    if len(settings.currency) != 3 or not settings.currency.isupper():
        raise BadInput(f"'{settings.currency}' in {source} is not a currency; use three capitals such as EUR")
    if settings.items not in ("product", "type", "category"):
        raise BadInput(f"items = '{settings.items}' in {source}; use product, type or category")
    if not 0 <= settings.new_in_ten <= 10:
        raise BadInput(f"new_in_ten = {settings.new_in_ten} in {source}; use 0 to 10")
    if settings.columns not in ("auto", "duckdb", "database"):
        raise BadInput(f"columns = '{settings.columns}' in {source}; use auto, duckdb or database")
    return settings


def _register(settings: Settings, folder: Path) -> Register:
    return load(folder / settings.purposes) if settings.purposes else shipped()


def _for_shop(settings: Settings) -> ShopSettings:
    return ShopSettings(
        shop_id=settings.id,
        name=settings.name,
        zone=ZoneInfo(settings.zone),
        currency=settings.currency,
        region=settings.region or None,
        items=settings.items,
        new_in_ten=settings.new_in_ten,
        sensitive=settings.sensitive,
        base_url=settings.base_url.rstrip("/"),
        watermark=settings.watermark,
    )


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
