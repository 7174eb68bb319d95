"""What the shop reports about itself, as totals over people with their uncertainty: how good its suggestions are.

It reads people only as sums through the door, and says beside every figure what simple counting would have reached.
The measures themselves are a library on plain arrays: ``from goodwill import measure; measure.nps(65, 25, 10)``.
"""

from importlib import import_module
from typing import Any

# Each measure is loaded when it is first asked for, so that a script which needs one does not wait for the others.
_ELSEWHERE = {
    "aipw": "causal",
    "attribution": "credit",
    "Line": "returns",
    "markov": "credit",
    "placebo": "one_unit",
    "roi": "returns",
    "rule_attribution": "credit",
    "shapley": "credit",
    "cac": "acquisition",
    "churn": "staying",
    "cohorts": "cohort",
    "confidence_sequence": "experiments.sequence",
    "confidence_sequence_sums": "experiments.sequence",
    "customers_caused": "acquisition",
    "difference": "experiments.effect",
    "difference_sums": "experiments.effect",
    "Estimate": "estimate",
    "Figure": "figure",
    "guardrail": "experiments.guardrail",
    "guardrail_sums": "experiments.guardrail",
    "interrupted": "interruption",
    "holm": "experiments.several",
    "mail_rates": "engagement",
    "minimum_detectable_effect": "experiments.detectable",
    "minimum_detectable_effect_from": "experiments.detectable",
    "Moments": "experiments.moments",
    "nps": "promoters",
    "payback": "acquisition",
    "per_thousand": "engagement",
    "post_stratified_nps": "promoters",
    "ratio_difference": "experiments.ratio",
    "ratio_difference_sums": "experiments.ratio",
    "repeat_purchase": "again",
    "rmst": "staying",
    "rmst_difference": "staying",
    "sample_ratio": "experiments.split",
    "scale": "perception",
    "survival": "staying",
    "uplift_curve": "experiments.targeting",
    "visit_frequency": "engagement",
    "weighted_nps": "promoters",
    "winsorised": "experiments.tails",
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(import_module(f"goodwill.measure.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module 'goodwill.measure' has no attribute {name!r}")
