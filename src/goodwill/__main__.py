"""``python -m goodwill`` is ``goodwill``."""

import sys

from goodwill.cli import main

if __name__ == "__main__":
    sys.exit(main())
