"""What the shop sells: products, the kinds they belong to, prices and stock.

No personal data. Models count *items*: products themselves, or their types or categories where a shop's range is deep.
"""
