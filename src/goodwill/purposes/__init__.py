"""The register: what each purpose is for, why it is lawful, what data it may use, how long, and who answers for it.

Nothing in the house reads personal data without naming one of these. The register is a TOML file that a shopkeeper can
read; a shop may bring its own. So is the table of laws beside it, by region. It knows nothing of people.
"""

from goodwill.purposes.regimes import Regime, Regimes, load_regimes, regime_of, shipped_regimes
from goodwill.purposes.register import (
    BENCHMARKING,
    BOOKKEEPING,
    EMAIL_MARKETING,
    FULFILMENT,
    HOLDING_BACK,
    MEASUREMENT,
    MODEL_IMPROVEMENT,
    OFFERS,
    PERSONAL_CONTENT,
    RECOMMENDATIONS,
    SHIPPED,
    STATISTICS,
    USED,
    Basis,
    Category,
    Entry,
    Kind,
    Purpose,
    Register,
    load,
    shipped,
)

__all__ = [
    "BENCHMARKING",
    "BOOKKEEPING",
    "EMAIL_MARKETING",
    "FULFILMENT",
    "HOLDING_BACK",
    "MEASUREMENT",
    "MODEL_IMPROVEMENT",
    "OFFERS",
    "PERSONAL_CONTENT",
    "RECOMMENDATIONS",
    "SHIPPED",
    "STATISTICS",
    "USED",
    "Basis",
    "Category",
    "Entry",
    "Kind",
    "Purpose",
    "Regime",
    "Regimes",
    "Register",
    "load",
    "load_regimes",
    "regime_of",
    "shipped",
    "shipped_regimes",
]
