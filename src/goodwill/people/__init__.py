"""The home of personal data: identities, ciphered profiles, and one log of what happened.

Writes are made here, and answered only with ids. Whoever wants to read asks ``access``.
"""

from goodwill.people import gentle, holds, log, merge, pending, taste, verdicts
from goodwill.people.canonical import canonical
from goodwill.people.identify import count, count_all, everybody, find, find_many, identify, identify_many, made_at
from goodwill.people.profile import put_back, set_facts, set_profile, set_profiles

__all__ = [
    "canonical",
    "count",
    "count_all",
    "everybody",
    "find",
    "find_many",
    "gentle",
    "holds",
    "identify",
    "identify_many",
    "log",
    "made_at",
    "merge",
    "pending",
    "put_back",
    "set_facts",
    "set_profile",
    "set_profiles",
    "taste",
    "verdicts",
]
