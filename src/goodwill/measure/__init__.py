"""What the shop reports about itself, as totals over people with their uncertainty: how good its suggestions are.

It reads people only as sums through the door, and says beside every figure what simple counting would have reached.
"""
