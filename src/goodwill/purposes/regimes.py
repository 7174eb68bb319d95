"""Which law counts where somebody lives: its clocks, its regulator, the signals it binds us to, what else it asks.

A dated table, with a source for each row. Every row only adds duties to our own rule, which asks for an explicit yes
before anything; none loosens it. The row ``default`` is that rule, for wherever no row is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from goodwill.basics.errors import BadInput, NotFound
from goodwill.purposes import checked
from goodwill.purposes.checked import COUNT, DATE, SWITCH, TEXT, Check, check_keys, matching, tables, words
from goodwill.purposes.due import Span, next_open, open_days

DEFAULT = "default"

# What a law may ask for besides an explicit yes, and what it means; a row names them by these words.
DUTIES: Mapping[str, str] = {
    "appeal-route": "a refused request can be appealed to the shop, and the refusal says how",
    "confirm-opt-out": "whoever opted out is shown that it was done",
    "data-protection-impact": "risky uses are assessed before they begin",
    "language-french": "notices and answers are offered in French",
    "limit-sensitive": "a link lets people limit the use of sensitive data",
    "minor-opt-in": "below 16 years, selling or sharing needs a yes of the child or, below 13, of a parent",
    "named-officer": "the person in charge of personal data is named with her address",
    "opt-out-link": "a link to stop selling and sharing stands apart from the banner",
    "prove-consent": "the shop can prove each yes: who, when, what was shown, how it was given",
    "refuse-as-easy": "refusing stands on the same layer, as large and as near as accepting",
    "sensitive-opt-in": "sensitive data need a separate yes",
    "separate-request": "consent is asked apart from everything else, one purpose at a time",
    "withdraw-as-easy": "taking a yes back is as easy as giving it",
}
SIGNALS: Mapping[str, str] = {"gpc": "Global Privacy Control"}
# What a signal stops, in the words of the laws that bind to it.
STOPPED = ("sale", "sharing", "targeted-advertising")


@dataclass(frozen=True, slots=True)
class Regulator:
    """Who hears complaints."""

    name: str
    complaint_url: str


@dataclass(frozen=True, slots=True)
class Regime:
    """One law.

    Attributes:
        regions: countries (``IT``) and parts of countries (``US-CA``) in which it counts.
        source: where it was looked up; checked: on which day.
        answer: how long a request may take.
        extension: how much longer it may, if that is said in time; None where the law knows no extension.
        extension_said: within which time, from the request on, the extension must be said.
        pauses: whether the clock stands while it is truly in doubt who asks.
        acknowledge: within which time it must be said that a request came in, where the law says so.
        opt_out: within which time an objection must be obeyed, where the law says so; ours is obeyed at once.
        moves: whether a last day on which nobody works moves to the next working day.
        regulators: those of single regions, where the law has several.
        binding: what a browser says that this law itself binds the shop to, such as ``gpc``.
        signals: what is obeyed here: the binding ones, and those of our own rule.
        turns_off: what such a signal stops.
        reask_days: how long nobody is asked again after a no.
        signal_reask_days: how long nobody is asked to undo a signal.
        duties: what else it asks for; see `DUTIES`.
    """

    id: str
    name: str
    regions: tuple[str, ...]
    source: str
    checked: date
    answer: Span
    regulator: Regulator
    reask_days: int
    signal_reask_days: int
    extension: Span | None = None
    extension_said: Span | None = None
    pauses: bool = False
    acknowledge: Span | None = None
    opt_out: Span | None = None
    moves: bool = False
    regulators: Mapping[str, Regulator] = field(default_factory=dict)
    binding: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    turns_off: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()

    def due(self, received: date, region: str) -> date:
        """The last day for an answer to a request that came in on a day."""
        return self._last(self.answer, received, region)

    def latest(self, received: date, region: str) -> date:
        """The last day for an answer if the time was extended."""
        if self.extension is None:
            return self.due(received, region)
        if self.extension.unit is self.answer.unit:
            # One month and two more are three months from the request: ends do not clip twice.
            return self._last(Span(self.answer.count + self.extension.count, self.answer.unit), received, region)
        return self._last(self.extension, self.answer.after(received, open_days(region)), region)

    def extension_said_by(self, received: date, region: str) -> date | None:
        """The last day on which an extension can be said; None where there is none."""
        return None if self.extension_said is None else self._last(self.extension_said, received, region)

    def acknowledge_by(self, received: date, region: str) -> date | None:
        """The last day for saying that the request came in; None where the law names none."""
        return None if self.acknowledge is None else self._last(self.acknowledge, received, region)

    def opted_out_by(self, received: date, region: str) -> date | None:
        """The last day for obeying an objection; None where the law names none."""
        return None if self.opt_out is None else self._last(self.opt_out, received, region)

    def regulator_of(self, region: str) -> Regulator:
        """Who hears complaints of people who live in a region."""
        return self.regulators.get(region) or self.regulators.get(region.partition("-")[0]) or self.regulator

    def _last(self, span: Span, received: date, region: str) -> date:
        is_open = open_days(region)
        day = span.after(received, is_open)
        return next_open(day, is_open) if self.moves else day


@dataclass(frozen=True)
class Regimes:
    """All rows of the table, by id."""

    rows: Mapping[str, Regime]
    version: str
    source: str = field(default="shipped", compare=False)

    def __iter__(self) -> Iterator[Regime]:
        return iter(self.rows.values())

    def __getitem__(self, name: str) -> Regime:
        try:
            return self.rows[name]
        except KeyError:
            raise NotFound(f"'{name}' is no regime. There are: {', '.join(self.rows)}.") from None

    def of(self, region: str | None) -> Regime:
        """The law that counts in a region: of its part of a country, else of the country, else our own strict rule."""
        place = (region or "").strip().upper()
        for wanted in (place, place.partition("-")[0]):
            for row in self:
                if wanted in row.regions:
                    return row
        return self.rows[DEFAULT]


SHIPPED_REGIMES = files("goodwill.purposes").joinpath("regimes.toml")


@lru_cache(maxsize=1)
def shipped_regimes() -> Regimes:
    """The table that comes with goodwill."""
    return parse(SHIPPED_REGIMES.read_text(encoding="utf-8"), "the table of regimes shipped with goodwill")


def regime_of(region: str | None) -> Regime:
    """The law that counts in a region, by the table that comes with goodwill."""
    return shipped_regimes().of(region)


def load_regimes(path: Path) -> Regimes:
    """A shop's own table.

    Raises:
        BadInput: the file cannot be read or is not TOML, or a row is incomplete or contradicts another; the message
            names it.
    """
    return parse(checked.text_of(path, "The table of regimes"), str(path))


def parse(text: str, source: str) -> Regimes:
    """Read and check a table; see `load_regimes`."""
    raw = checked.raw(text, source)
    if unknown := sorted(raw.keys() - {"version", "regime"}):
        raise BadInput(f"{source} has unknown tables or keys: {', '.join(unknown)}; it holds [regime.…]")
    rows = {name: _regime(name, table, source) for name, table in tables(raw, "regime", source, _NAME)}
    if DEFAULT not in rows:
        raise BadInput(f"{source} lacks [regime.{DEFAULT}], which counts wherever no other row does")
    _check_regions(rows, source)
    own = rows[DEFAULT]
    rows = {name: _at_least(row, own, source) for name, row in rows.items()}
    return Regimes(rows, str(raw.get("version", "1")), source)


def _at_least(row: Regime, own: Regime, source: str) -> Regime:
    """A row with what our own rule asks for besides: what a law adds never replaces it."""
    for key in ("reask_days", "signal_reask_days"):
        if getattr(row, key) < getattr(own, key):
            raise BadInput(
                f"[regime.{row.id}] in {source}: {key} is below the {getattr(own, key)} of our own rule, "
                f"[regime.{DEFAULT}]; a law only adds to it"
            )
    return replace(
        row,
        binding=row.signals,
        signals=_both(row.signals, own.signals),
        turns_off=_both(row.turns_off, own.turns_off),
        duties=_both(row.duties, own.duties),
    )


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


def _check_regions(rows: Mapping[str, Regime], source: str) -> None:
    seen: dict[str, str] = {}
    for row in rows.values():
        for region in row.regions:
            if region in seen:
                raise BadInput(f"{source}: both [regime.{seen[region]}] and [regime.{row.id}] count in {region}")
            seen[region] = row.id
        if not row.regions and row.id != DEFAULT:
            raise BadInput(f"[regime.{row.id}] in {source}: regions names none, so it would count nowhere")
    if rows[DEFAULT].regions:
        raise BadInput(f"[regime.{DEFAULT}] in {source}: regions must be empty; it counts wherever no other row does")


_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def _is_span(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(Span.read(value))
    except ValueError:
        return False


def _regions(value: object) -> bool:
    return words(value) and all(_REGION.fullmatch(region) for region in value)  # type: ignore[attr-defined]


def _among(known: Mapping[str, str] | tuple[str, ...]) -> Check:
    return Check(
        lambda value: words(value) and set(value) <= set(known), f"a list of some of these words: {', '.join(known)}"
    )


_SPAN = Check(_is_span, "a span of time such as '1 month', '45 days' or '10 business days'")
_URL = matching(re.compile(r"https://[^\s<>\"]+"), "an address that begins with https://")
_REGIONS = Check(_regions, 'a list of countries or parts of them, none twice, such as ["IT", "US-CA"]')
_REGULATORS = Check(lambda value: isinstance(value, dict), "tables such as [regime.gdpr.regulators.IT]")

_ROW = {
    "name": TEXT, "regions": _REGIONS, "source": _URL, "checked": DATE, "answer": _SPAN, "regulator": TEXT,
    "complaint_url": _URL, "reask_days": COUNT, "signal_reask_days": COUNT,
}  # fmt: skip
_ROW_EXTRA = {
    "extension": _SPAN, "extension_said": _SPAN, "pauses": SWITCH, "acknowledge": _SPAN, "opt_out": _SPAN,
    "moves": SWITCH, "regulators": _REGULATORS, "signals": _among(SIGNALS), "turns_off": _among(STOPPED),
    "duties": _among(DUTIES),
}  # fmt: skip
_SPANS = ("answer", "extension", "extension_said", "acknowledge", "opt_out")
_LISTS = ("regions", "signals", "turns_off", "duties")


def _regime(name: str, table: dict[str, Any], source: str) -> Regime:
    where = f"[regime.{name}] in {source}"
    check_keys(where, table, _ROW, _ROW_EXTRA)
    if ("extension" in table) != ("extension_said" in table):
        raise BadInput(f"{where}: extension and extension_said go together: how much longer, and until when to say so")
    if bool(table.get("signals")) != bool(table.get("turns_off")):
        raise BadInput(f"{where}: signals and turns_off go together: what binds, and what it stops")
    values = dict(table)
    values.update({key: Span.read(table[key]) for key in _SPANS if key in table})
    values.update({key: tuple(table[key]) for key in _LISTS if key in table})
    values["regulator"] = Regulator(table["regulator"], values.pop("complaint_url"))
    values["regulators"] = dict(_regulators(where, table))
    return Regime(id=name, **values)


def _regulators(where: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Regulator]]:
    for region, held in table.get("regulators", {}).items():
        if region not in table["regions"]:
            raise BadInput(f"{where}: regulators names {region}, which is not among its regions")
        if not isinstance(held, dict):
            raise BadInput(f"{where}: regulators.{region} must be a table, not {checked.shown(held)}")
        check_keys(f"{where}, regulators.{region}", held, {"name": TEXT, "complaint_url": _URL}, {})
        yield region, Regulator(**held)
