"""What was freed goes back to the system, where the system can take it."""

import subprocess
import sys

import pytest

_ASK = """
import numpy as np
from goodwill.basics.memory import give_back
def held():
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
some = [np.ones(100_000) for _ in range(200)]  # 800 kB each, 160 MB in all
kept = [one for n, one in enumerate(some) if n % 50 == 49]
before = held()
del some
give_back()
print(before - held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_what_was_freed_is_given_back():
    told = subprocess.run([sys.executable, "-c", _ASK], check=True, capture_output=True, text=True)
    assert int(told.stdout) > 100
