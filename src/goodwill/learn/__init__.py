"""Small models from exact totals: the usual, what goes together, what everyone gets; each says why.

A model is two pure functions: what one person contributes (`part`, whole numbers that add and subtract), and what the
totals mean (`fit`). It sees people only through what the door hands over, and keeps nothing about anybody in
particular. Every model is also a plain library on arrays, without a shop: ``from goodwill.learn import affinity``.
"""
