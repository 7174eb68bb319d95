"""Counters for whoever runs the shop: what was asked, how fast it was answered, how often the answer was no.

They name nobody. But a counter of refusals that moves while somebody is watching a customer shop would tell about that
customer, so what concerns consent is shown to holders of a key only.
"""

from collections.abc import Sequence
from math import nan

import msgspec
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from goodwill import __version__
from goodwill.collect.connectors.store import STATES
from goodwill.shop.faithfulness import Faithfulness
from goodwill.shop.webhooks import Watched

MEDIA_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")  # the framework adds it to every text
# A start time per series doubles the page and tells nothing.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library gives types to all but this one
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_REASONS = frozenset(
    (
        "never-asked", "refused", "withdrawn", "expired", "objected", "purpose-expired", "unknown-person", "no-history",
        "requested", "anonymous", "held", "restricted", "paused", "key-scope", "no-consent", "too-few",
        "left-alone",
    )
)  # fmt: skip
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Counted(msgspec.Struct):
    """What another process counted for this one: decisions (personal, or why not), refusals, privacy signals."""

    decisions: list[tuple[bool, str]] = []
    refusals: list[str] = []
    signals: int = 0


class Metrics:
    """The counters of one running application."""

    def __init__(self) -> None:
        self._open = CollectorRegistry()
        self._kept = CollectorRegistry()
        self._requests = Counter(
            "goodwill_http_requests", "Requests answered", ("method", "route", "status"), registry=self._open
        )
        self._seconds = Histogram(
            "goodwill_http_request_seconds", "Time to the answer", ("route",), buckets=_SECONDS, registry=self._open
        )
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        Gauge("goodwill_build_info", "The version that runs", ("version",), registry=self._open).labels(
            __version__
        ).set(1)
        self._decisions = Counter("goodwill_decisions", "Decisions made", ("personalised",), registry=self._kept)
        self._refusals = Counter("goodwill_refusals", "Times the answer was no", ("reason",), registry=self._kept)
        self._signals = Counter("goodwill_gpc_signals", "Requests with Sec-GPC: 1", registry=self._kept)

        self._choosers_gone = Counter(
            "goodwill_choosers_gone", "Times a process that chooses ended by itself", registry=self._kept
        )
        self._asides_gone = Counter(
            "goodwill_asides_gone", "Times a process that works out what takes long, or draws, ended by itself",
            registry=self._kept,
        )  # fmt: skip

        self._hooks_refused = Counter(
            "goodwill_webhooks_refused", "Webhooks not taken", ("source", "because"), registry=self._kept
        )
        self._hooks_lately = Gauge(
            "goodwill_webhooks_last_day", "Webhooks that came in the last 24 hours, by what became of them",
            ("source", "state"), registry=self._kept,
        )  # fmt: skip
        self._hooks_waiting = Gauge(
            "goodwill_webhooks_waiting", "Webhooks still to be worked on", ("source",), registry=self._kept
        )
        self._hooks_oldest = Gauge(
            "goodwill_webhooks_oldest_waiting_seconds", "Since the first webhook that waits came", ("source",),
            registry=self._kept,
        )  # fmt: skip

        self._true = Gauge(
            "goodwill_reasons_true_ratio", "Reasons that were true, of those tried last night; with its 95 % interval",
            ("kind", "bound"), registry=self._kept,
        )  # fmt: skip
        self._tried = Gauge("goodwill_reasons_tried", "Reasons tried last night", ("kind",), registry=self._kept)
        self._untried = Gauge(
            "goodwill_reasons_untried_decisions", "Decisions of last night that could not be tried", ("because",),
            registry=self._kept,
        )  # fmt: skip

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer; ``route`` is the template, never the address itself."""
        known = self._counted.get((method, route, status))
        if known is None:  # to find a counter by its labels takes longer than to count
            counter, clock = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            known = self._counted[method, route, status] = counter, clock
        known[0].inc()
        known[1].observe(seconds)

    def note_decision(self, *, personalised: bool, reason: str) -> None:
        self._decisions.labels("yes" if personalised else "no").inc()
        if not personalised:
            self.note_refusal(reason)

    def note_refusal(self, reason: str) -> None:
        # A closed list: a reason that nobody foresaw must not bring its words in here.
        self._refusals.labels(reason if reason in _REASONS else "other").inc()

    def note_signal(self) -> None:
        self._signals.inc()

    def note_chooser_gone(self) -> None:
        self._choosers_gone.inc()

    def note_aside_gone(self) -> None:
        self._asides_gone.inc()

    def add(self, counted: Counted) -> None:
        """Count what another process did."""
        for personalised, reason in counted.decisions:
            self.note_decision(personalised=personalised, reason=reason)
        for reason in counted.refusals:
            self.note_refusal(reason)
        for _ in range(counted.signals):
            self.note_signal()

    def note_webhook_refused(self, system: str, name: str, because: str) -> None:
        """Count a webhook that was not taken; of a source that is none, as ``unknown``."""
        self._hooks_refused.labels(f"{system} {name}" if name else "unknown", because).inc()

    def show_webhooks(self, sources: Sequence[Watched]) -> None:
        """How the sources do now; they are asked when somebody reads."""
        for gauge in (self._hooks_lately, self._hooks_waiting, self._hooks_oldest):
            gauge.clear()
        for one in sources:
            source = f"{one.system} {one.name}"
            for state in STATES:
                self._hooks_lately.labels(source, state).set(one.lately.get(state, 0))
            self._hooks_waiting.labels(source).set(one.waiting)
            self._hooks_oldest.labels(source).set(one.oldest)

    def show_faithfulness(self, found: Faithfulness | None) -> None:
        """Whether the reasons were true, as it was measured last."""
        if found is None:
            return
        for kind, one in {**found.kinds, "all": found.all}.items():
            self._tried.labels(kind).set(one.of)
            for bound, value in (("value", one.value if one.of else nan), ("low", one.low), ("high", one.high)):
                self._true.labels(kind, bound).set(value)
        for why, many in found.untried.items():
            self._untried.labels(why).set(many)

    def page(self, *, whole: bool) -> bytes:
        """What Prometheus reads; without ``whole`` nothing that concerns consent."""
        return generate_latest(self._open) + (generate_latest(self._kept) if whole else b"")
