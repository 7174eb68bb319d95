"""Name code that nothing uses, so that it can be deleted gladly. Runs as part of `make check`.

Vulture finds it, tests counted as users. Left out are the fields of classes (a field is there for whoever reads the
value, often a person in front of a JSON document) and attributes that are set on other people's objects.
"""

import ast
import sys
from functools import cache
from pathlib import Path

import vulture.core
from vulture.config import make_config


@cache
def fields(file: Path) -> frozenset[int]:
    """The lines on which a class of this file names its fields."""
    classes = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ClassDef)]
    return frozenset(
        part.lineno for found in classes for part in found.body if isinstance(part, ast.Assign | ast.AnnAssign)
    )


def is_told(item: vulture.core.Item) -> bool:
    """Whether it is a field or a setting of something that others read."""
    return item.typ == "attribute" or (item.typ == "variable" and item.first_lineno in fields(item.filename))


def main() -> int:
    config = make_config([])
    finder = vulture.Vulture(ignore_names=config["ignore_names"], ignore_decorators=config["ignore_decorators"])
    finder.scavenge([path for path in config["paths"] if Path(path).exists()], exclude=config["exclude"])
    unused = finder.get_unused_code(min_confidence=config["min_confidence"])
    found = [item for item in unused if not is_told(item)]
    for item in found:
        print(item.get_report())
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
