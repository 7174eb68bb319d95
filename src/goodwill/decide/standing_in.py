"""Whether something gives a sensitive thing away: a product, or a rule that chooses people.

It is taken as a test for "bought the sensitive thing". Of a test with one threshold the area under the curve is
(sensitivity + specificity) / 2; above .65, the lower end of the interval included, it stands in for the thing.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

AUC: Final = 0.65  # from where on something counts as a stand-in
ENOUGH: Final = 20  # people who bought the sensitive thing, and who did not; of fewer nothing is sure
_SURE: Final = 1.645  # one-sided 95 %


def auc_low(hits: Floats, cases: float, alarms: Floats, others: float) -> Floats:
    """The lower end of the 95 % interval (Wald, one-sided) of the AUC of some tests of the same cases.

    Args:
        hits: of the ``cases``, how many each test marks; alarms: of the ``others``; shape (n,).

    Returns:
        Shape (n,), 0 to 1.
    """
    hit, alarm = np.clip(hits / cases, 0, 1), np.clip(alarms / others, 0, 1)
    error = np.sqrt(hit * (1 - hit) / cases + alarm * (1 - alarm) / others) / 2
    return np.asarray((hit + 1 - alarm) / 2 - _SURE * error)


def stands_in(hits: int, cases: int, alarms: int, others: int) -> bool:
    """Whether one test gives the cases away; arguments as for `auc_low`."""
    if min(cases, others) < ENOUGH:
        return False
    return bool(auc_low(np.array([hits], np.float64), cases, np.array([alarms], np.float64), others)[0] > AUC)
