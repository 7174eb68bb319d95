"""Draw docs/demo.svg, the picture in the README, from a demo shop that was told: what `make demo` prints.

.venv/bin/python scripts/picture.py path/to/demo/home
"""

import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from goodwill.simulate import demo, story

_PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
_FOREIGN = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # names a host of fonts; ours is the reader's own monospace


def main(home: str) -> None:
    """Print the kept story into a picture."""
    console = Console(record=True, width=132, file=StringIO(), force_terminal=True)
    for chapter in demo.chapters(Path(home)):
        console.print(story.tell(chapter))
    picture = console.export_svg(title="make demo")
    _PICTURE.write_text(_FOREIGN.sub("", picture).replace("Fira Code", "ui-monospace"), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
