"""goodwill: remember the usual, suggest what will be liked, write only when welcome, say why, forget when asked.

``goodwill.open(home)`` gives a shop; ``goodwill.demo()`` gives one with real purchases and invented consents.
The rooms are importable on their own, e.g. ``from goodwill.learn import affinity``.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goodwill.app import demo
    from goodwill.app import open_shop as open

__all__ = ["__version__", "demo", "open"]
__version__ = version("goodwill")

# Opening a shop loads every room; importing goodwill should not, so that a script that only needs one is quick.
_ELSEWHERE = {"open": ("goodwill.app", "open_shop"), "demo": ("goodwill.app", "demo")}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        module, attribute = _ELSEWHERE[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'goodwill' has no attribute {name!r}")
