"""Segments over HTTP: rules that say for whom something is meant, and live counts. It names nobody."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from goodwill.basics.clock import iso
from goodwill.decide.segments import RECIPES, looked_at, purposes, recipe_words, written
from goodwill.shop import Shop
from goodwill.shop.segments import SMALLEST, Counted, Segment
from goodwill.shop.trying_segments import Tried
from goodwill.staff import Act
from goodwill.web.answers import mark
from goodwill.web.desk import Call, Endpoint, endpoint
from goodwill.web.messages import Mark, Moment, Name
from goodwill.web.problems import CONFLICT, NOT_FOUND, OTHER_REQUEST, REFUSED
from goodwill.web.store import Scope

_RULE = (
    "A tree of conditions; docs/segments.md lists them. The problem document of a rule that is none names the place."
)
Rule = Annotated[dict[str, Any], Meta(description=_RULE)]
Language = Annotated[str, Meta(max_length=35, description="Of sentences: `en` or `de`; else the shop's own.")]
Purpose = Annotated[Name, Meta(description="What it is for: a purpose that chooses something for people.")]
Number = Annotated[int, Meta(ge=1, le=2**53, description="The segment's number.")]


class SegmentsRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """In which language the rules are read back."""

    language: Language | None = None


class SegmentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A rule to keep: under a new name, or as the next version of a segment."""

    rule: Rule
    name: Annotated[str, Meta(min_length=1, max_length=80, description="Of a new segment.")] | None = None
    purpose: (
        Annotated[Purpose, Meta(description="Of a new segment; of one that there is, only if it changes.")] | None
    ) = None
    segment: Annotated[Number, Meta(description="Which one goes by this rule from now on.")] | None = None
    recipe: Annotated[Name, Meta(description="The recipe that it was made from.")] | None = None


class RemoveSegmentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which segment is out of use from now on."""

    segment: Number


class CountSegmentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which segment is counted."""

    id: Number


class CountRuleRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A rule that is not kept, to be counted."""

    rule: Rule
    purpose: Purpose


class TriedAnswer(Struct, frozen=True):
    """What was found when a segment was tried last, as it is each night."""

    at: Moment
    found: Annotated[str, Meta(description="`fine`, `gives-away`, `names-discreet` or `cannot-be-asked`.")]
    why: Annotated[str, Meta(description="In a sentence; empty where it is fine.")]
    parts: Annotated[dict[str, int], Meta(description="The parts of its count, but for those that are not told.")]
    suspended: Annotated[int, Meta(ge=0, description="How many offers for it were suspended.")]


class SegmentAnswer(Struct, frozen=True):
    """A segment as its last version says."""

    segment: int
    version: int
    name: str
    purpose: str
    rule: Rule
    sentence: Annotated[str, Meta(description="The rule, read back.")]
    looks_at: Annotated[list[str], Meta(description="The data categories without which somebody is left out.")]
    recipe: str | None
    by: Annotated[str, Meta(description="Who made this version, as the audit log names them.")]
    at: Moment
    tried: Annotated[TriedAnswer | None, Meta(description="Null where this version was not tried yet.")]
    watermark: Mark | UnsetType = UNSET


class SegmentList(Struct, frozen=True):
    """All segments."""

    segments: list[SegmentAnswer]
    watermark: Mark | UnsetType = UNSET


class RecipeAnswer(Struct, frozen=True):
    """A ready rule."""

    recipe: str
    about: str
    values: Annotated[dict[str, int | list[str]], Meta(description="What can be set; an empty list must be.")]
    purposes: Annotated[list[str], Meta(description="For which purposes of this shop it may be used.")]
    rule: Annotated[Rule, Meta(description="With the usual values, and `…` for names that must be given.")]
    sentence: str


class RecipeList(Struct, frozen=True):
    """Ready rules."""

    recipes: list[RecipeAnswer]


class SegmentCount(Struct, frozen=True):
    """For how many people a rule is now; the four parts add up to all."""

    people: Annotated[int, Meta(description="All who are known.")]
    matched: Annotated[int | None, Meta(description="For whom the rule holds; null where it is not told.")]
    unmatched: Annotated[int | None, Meta(description="For whom it does not; null where it is not told.")]
    left_out: Annotated[int, Meta(description="Who did not allow the purpose all that the rule looks at.")]
    unknown: Annotated[
        int | None, Meta(description="Of whom a fact that decides is not known, or who counts in nothing for now.")
    ]
    held: Annotated[int, Meta(description="Of the unknown, those who count in nothing for now.")]
    looked_at: Annotated[int, Meta(description="Who allowed all that the rule looks at.")]
    few: Annotated[list[str], Meta(description="Which parts have fewer people than `smallest`.")]
    smallest: Annotated[int, Meta(description="Of fewer people no number is told.")]
    at: Moment
    remarks: list[str]
    watermark: Mark | UnsetType = UNSET


def tried_of(one: Tried) -> TriedAnswer:
    """What came of trying a segment, as it is shown to programs."""
    return TriedAnswer(iso(one.at), one.found, one.why, dict(one.parts), one.suspended)


def segment_of(
    shop: Shop, one: Segment, language: str | None = None, tried: Mapping[int, Tried] | None = None
) -> SegmentAnswer:
    """A segment as it is shown to programs.

    Args:
        tried: what came of the last tries; looked up unless given.
    """
    last = (shop.trying_segments.latest() if tried is None else tried).get(one.id)
    needs = shop.register[one.purpose].needs if one.purpose in shop.register else ()
    looks_at: list[str] = sorted({*looked_at(one.rule), *needs})
    return SegmentAnswer(
        one.id, one.version, one.name, one.purpose, written(one.rule), shop.segments.sentence(one.rule, language),
        looks_at, one.recipe, one.made_by, iso(one.at), None if last is None else tried_of(last), mark(shop),
    )  # fmt: skip


def counted(found: Counted, shop: Shop | None = None) -> SegmentCount:
    """A count as it is shown to programs."""
    return SegmentCount(
        found.people, found.matched, found.unmatched, found.left_out, found.unknown, found.held, found.looked_at,
        list(found.few), SMALLEST, iso(found.at), list(found.remarks), UNSET if shop is None else mark(shop),
    )  # fmt: skip


@endpoint("GET", "/api/v1/segments", Scope.SEGMENTS, may=Act.PLAN, tag="Segments")
def segments(call: Call[SegmentsRequest]) -> SegmentList:
    """List the segments, each with its rule and the rule read back as a sentence."""
    found = call.shop.segments.all()
    tried = call.shop.trying_segments.latest()
    return SegmentList([segment_of(call.shop, one, call.ask.language, tried) for one in found], mark(call.shop))


@endpoint("GET", "/api/v1/segments/recipes", Scope.SEGMENTS, may=Act.PLAN, tag="Segments")
def segment_recipes(call: Call[SegmentsRequest]) -> RecipeList:
    """List ready rules, what can be set in each, and the purposes of this shop that may use it."""
    language, shop = call.ask.language or call.shop.settings.language, call.shop
    return RecipeList(
        [
            RecipeAnswer(
                one.name, recipe_words(one.name, language),
                {name: list(value) if isinstance(value, tuple) else value for name, value in one.values.items()},
                [entry.name for entry in purposes(one.example(), shop.register)], written(one.example()),
                shop.segments.sentence(one.example(), language),
            )
            for one in RECIPES.values()
        ]
    )  # fmt: skip


@endpoint(
    "POST", "/api/v1/segments", Scope.SEGMENTS, may=Act.PLAN, tag="Segments",
    problems=(NOT_FOUND, REFUSED, OTHER_REQUEST),
    once=True,
    example={
        "name": "Lapsed regulars",
        "purpose": "email-marketing",
        "rule": {
            "is": "all",
            "of": [
                {"is": "did", "what": "bought", "visits": {"at_least": 5}},
                {"is": "last", "what": "bought", "days_ago": {"at_least": 60}},
            ],
        },
    },
)  # fmt: skip
def keep_segment(call: Call[SegmentRequest]) -> SegmentAnswer:
    """Keep a rule under a new name with its purpose, or as the next version of a segment.

    A rule that looks at anything the purpose may not use is refused, and the sentence says at what.
    """
    ask, all_of = call.ask, call.shop.segments
    if ask.segment is not None:
        return segment_of(call.shop, all_of.change(ask.segment, ask.rule, purpose=ask.purpose, recipe=ask.recipe))
    made = all_of.new(ask.name or "", ask.purpose or "", ask.rule, recipe=ask.recipe)
    return segment_of(call.shop, made)


@endpoint(
    "POST", "/api/v1/segments/remove", Scope.SEGMENTS, may=Act.PLAN, tag="Segments", problems=(NOT_FOUND, CONFLICT),
    example={"segment": 1},
)  # fmt: skip
def remove_segment(call: Call[RemoveSegmentRequest]) -> SegmentAnswer:
    """Take a segment out of use; what it was stays on record. While an offer for it is given it is not taken."""
    return segment_of(call.shop, call.shop.segments.remove(call.ask.segment))


@endpoint(
    "GET", "/api/v1/segments/{id}/count", Scope.SEGMENTS, may=Act.PLAN, tag="Segments",
    problems=(NOT_FOUND, REFUSED),
)  # fmt: skip
def count_segment(call: Call[CountSegmentRequest]) -> SegmentCount:
    """Count for how many people a segment is now.

    Of who did not allow the purpose what the rule looks at, nothing but their consent is read. Where a part has fewer
    than 20 people, neither it nor what it would follow from is told.
    """
    return counted(call.shop.segments.count(call.ask.id), call.shop)


@endpoint(
    "POST", "/api/v1/segments/count", Scope.SEGMENTS, may=Act.PLAN, tag="Segments",
    problems=(NOT_FOUND, REFUSED),
    example={"purpose": "offers", "rule": {"is": "first", "what": "bought", "days_ago": {"at_most": 30}}},
)  # fmt: skip
def count_rule(call: Call[CountRuleRequest]) -> SegmentCount:
    """Count for how many people a rule would be, while it is written; keeps nothing."""
    return counted(call.shop.segments.count_rule(call.ask.rule, call.ask.purpose), call.shop)


ENDPOINTS: tuple[Endpoint, ...] = (
    segments, segment_recipes, keep_segment, remove_segment, count_segment, count_rule,
)  # fmt: skip
