"""Webhooks for whoever watches over them: sources, what they delivered, and whom we tell. It names no customer."""

from typing import Annotated

from msgspec import Meta, Struct

from goodwill.basics.clock import iso
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import opaque
from goodwill.reach.webhooks.store import Message, Target
from goodwill.shop.webhooks import Listed, ShownDelivery
from goodwill.staff import Act
from goodwill.web.desk import Call, Endpoint, endpoint
from goodwill.web.problems import CONFLICT, NOT_FOUND
from goodwill.web.staff_messages import NothingRequest, Number
from goodwill.web.store import Scope

_System = Annotated[str, Meta(description="shopify, woocommerce, square or stripe; with `name`: of one source alone.")]


class DeliveriesRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which deliveries."""

    system: _System | None = None
    name: str | None = None
    failed: Annotated[bool, Meta(description="Only what did not get through.")] = False
    limit: Annotated[int, Meta(ge=1, le=500, description="How many, the latest first.")] = 50


class ReplayRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which delivery is to be worked on again."""

    delivery: Number


class RotateRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose secret is to be made anew."""

    target: Number


class HookSource(Struct, frozen=True):
    """A system that sends webhooks here."""

    system: str
    name: str
    state: Annotated[str, Meta(description="open, uninstalled (closed by its sender) or revoked.")]
    url: Annotated[str, Meta(description="What is entered at the sender.")]
    created_at: str
    closed_at: str | None
    last_at: Annotated[str | None, Meta(description="When its latest delivery came.")]
    alarms: Annotated[list[str], Meta(description="What somebody should look at, such as that nothing comes any more.")]


class HookTarget(Struct, frozen=True):
    """A system of the shop's that is told of what happens here."""

    target: int
    url: str
    topics: list[str]
    created_at: str
    last: Annotated[str | None, Meta(description="The id of the latest message to it.")]
    last_state: Annotated[str | None, Meta(description="waiting, sending, sent or given up.")]


class Hooks(Struct, frozen=True):
    """Who sends webhooks here, and whom we send some."""

    sources: list[HookSource]
    targets: list[HookTarget]


class HookDelivery(Struct, frozen=True):
    """One webhook that came; not what it said."""

    delivery: int
    system: str
    name: str
    topic: str
    at: str
    state: Annotated[str, Meta(description="new, working, done, dropped, refused or failed.")]
    rule: str
    because: str
    tries: int
    can_replay: Annotated[bool, Meta(description="Whether what it said is still kept, so that it can be worked on.")]


class HookDeliveries(Struct, frozen=True):
    """The latest deliveries."""

    deliveries: list[HookDelivery]


class NewSecret(Struct, frozen=True):
    """A new signing secret, told this once."""

    target: int
    secret: str


@endpoint("GET", "/api/v1/webhooks", Scope.READ, may=Act.WATCH, tag="Webhooks")
def webhooks(call: Call[NothingRequest]) -> Hooks:
    """See which systems send webhooks here and when they last did, and which are told of what happens.

    `alarms` say where something is missing: a source that went quiet, orders whose running number never came.
    """
    targets = [one for one in call.shop.told.targets() if one.closed_at is None]
    return Hooks(
        [source_of(one) for one in call.shop.webhooks.sources()],
        [_target(one, next(iter(call.shop.told.messages(one.id, limit=1)), None)) for one in targets],
    )


@endpoint("GET", "/api/v1/webhooks/deliveries", Scope.READ, may=Act.WATCH, tag="Webhooks", problems=(NOT_FOUND,))
def webhook_deliveries(call: Call[DeliveriesRequest]) -> HookDeliveries:
    """See what came lately and what became of it; never whose it was, nor what it said."""
    ask = call.ask
    if (ask.system is None) != (ask.name is None):
        raise BadInput("Name a source by both its system and its name, or by neither.")
    found = call.shop.webhooks.shown(ask.system, ask.name, failed=ask.failed, limit=ask.limit)
    return HookDeliveries([delivery_of(one) for one in found])


@endpoint("POST", "/api/v1/webhooks/deliveries/replay", may=Act.KEYS, tag="Webhooks", problems=(NOT_FOUND, CONFLICT),
          example={"delivery": 17})  # fmt: skip
def replay_webhook(call: Call[ReplayRequest]) -> HookDelivery:
    """Work on a delivery once more; nothing counts twice by it."""
    return delivery_of(call.shop.webhooks.replay(call.ask.delivery))


@endpoint("POST", "/api/v1/webhooks/targets/rotate", may=Act.KEYS, tag="Webhooks", problems=(NOT_FOUND,),
          example={"target": 1})  # fmt: skip
def rotate_webhook(call: Call[RotateRequest]) -> NewSecret:
    """Make a new secret for a system that is told; for a day the old one signs too."""
    made = call.shop.told.rotate(call.ask.target)
    return NewSecret(made.target.id, made.secret)


def source_of(one: Listed) -> HookSource:
    """A source as it is shown to programs."""
    source = one.source
    return HookSource(
        source.system, source.name, source.state, one.url, iso(source.created_at),
        None if source.closed_at is None else iso(source.closed_at),
        None if source.last_at is None else iso(source.last_at), list(one.alarms),
    )  # fmt: skip


def delivery_of(one: ShownDelivery) -> HookDelivery:
    """A delivery as it is shown to programs."""
    return HookDelivery(
        one.id, one.system, one.name, one.topic, iso(one.at), one.state, one.rule, one.because, one.tries, one.is_kept
    )


def _target(one: Target, last: Message | None) -> HookTarget:
    sent = (None, None) if last is None else (f"msg_{opaque(last.id)}", last.state)
    return HookTarget(one.id, one.url, list(one.topics), iso(one.created_at), *sent)


ENDPOINTS: tuple[Endpoint, ...] = (webhooks, webhook_deliveries, replay_webhook, rotate_webhook)
