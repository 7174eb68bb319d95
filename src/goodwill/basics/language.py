"""Names of languages, as people and programs write them: BCP 47 tags such as ``en`` or ``de-CH``."""

import re

TAG = "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
_TAG = re.compile(TAG)


def is_language(text: str) -> bool:
    """Whether a text has the form of a language tag; whether anybody speaks it, nobody asks."""
    return _TAG.fullmatch(text) is not None
