"""A world with known truth: whatever a measure finds in its records can be compared with what was really caused.

People trust, consent, order, complain and leave by rules that are written down here, as arrays. One crowd can live
through several worlds with the same chance, so that a true effect is the plain difference between two of them.
"""

from goodwill.simulate.world.crowd import Crowd, draw
from goodwill.simulate.world.firm import Incidents, Offers, incidents, offers
from goodwill.simulate.world.knobs import CHANNELS, Knobs
from goodwill.simulate.world.records import Look, Orders, Touches, last_touch, looks, orders, touches
from goodwill.simulate.world.truth import (
    Truth,
    effect_of_channel,
    effect_of_consent,
    effect_of_programme,
    true_difference,
)
from goodwill.simulate.world.voices import CONFUSION, Mentions, Survey, mentions, survey
from goodwill.simulate.world.weeks import World, live

__all__ = [
    "CHANNELS",
    "CONFUSION",
    "Crowd",
    "Incidents",
    "Knobs",
    "Look",
    "Mentions",
    "Offers",
    "Orders",
    "Survey",
    "Touches",
    "Truth",
    "World",
    "draw",
    "effect_of_channel",
    "effect_of_consent",
    "effect_of_programme",
    "incidents",
    "last_touch",
    "live",
    "looks",
    "mentions",
    "offers",
    "orders",
    "survey",
    "touches",
    "true_difference",
]
