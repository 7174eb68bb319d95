"""What the shop reports about itself, as totals over people with their uncertainty: how good its suggestions are.

It reads people only as sums through the door, and says beside every figure what simple counting would have reached.
The measures themselves are a library on plain arrays: ``from goodwill import measure; measure.nps(65, 25, 10)``.
"""

from importlib import import_module
from typing import Any

# Each measure is loaded when it is first asked for, so that a script which needs one does not wait for the others.
_ELSEWHERE = {
    "aipw": "causal",
    "attribution": "attribution",
    "Line": "roi",
    "markov": "attribution",
    "placebo": "causal",
    "roi": "roi",
    "rule_attribution": "attribution",
    "shapley": "attribution",
    "cac": "acquisition",
    "churn": "staying",
    "cohorts": "cohort",
    "customers_caused": "acquisition",
    "Estimate": "estimate",
    "Figure": "figure",
    "mail_rates": "engagement",
    "nps": "promoters",
    "payback": "acquisition",
    "per_thousand": "engagement",
    "post_stratified_nps": "promoters",
    "repeat_purchase": "again",
    "rmst": "staying",
    "rmst_difference": "staying",
    "scale": "perception",
    "survival": "staying",
    "visit_frequency": "engagement",
    "weighted_nps": "promoters",
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(import_module(f"goodwill.measure.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module 'goodwill.measure' has no attribute {name!r}")
