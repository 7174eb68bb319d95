"""Segments: rules that say for whom something is meant, over what people did and a few facts that they gave.

A segment names the purpose that it is for, may look at no more than that purpose lists, and reads nothing of anybody
who did not allow it. One rule has two forms with the same answer: for one person's view, and for many people at once.
"""

from goodwill.decide.segments.allowed import categories, check, looked_at, purposes
from goodwill.decide.segments.conditions import conditions
from goodwill.decide.segments.recipes import RECIPES, recipe
from goodwill.decide.segments.rule import Node, Things, nodes, read, written
from goodwill.decide.segments.selection import Chosen, Verdict
from goodwill.decide.segments.sentence import recipe_words, sentence

__all__ = [
    "RECIPES",
    "Chosen",
    "Node",
    "Things",
    "Verdict",
    "categories",
    "check",
    "conditions",
    "looked_at",
    "nodes",
    "purposes",
    "read",
    "recipe",
    "recipe_words",
    "sentence",
    "written",
]
