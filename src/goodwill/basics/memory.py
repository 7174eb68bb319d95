"""Give memory back: after large work the C library keeps what was freed, in case more of the same comes."""

import ctypes
import sys


def give_back() -> None:
    """Return to the system what was freed; where the C library knows no way, nothing happens."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl returns memory by itself
        if trim is not None:
            trim(0)
