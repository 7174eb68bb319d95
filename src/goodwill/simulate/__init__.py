"""Shops to try goodwill on: a bakery-café, real grocery purchases with invented consents, a world with known truth.

The shops go in through the same files and the same intake as a real shop's data, and say on every screen what was
invented. The world can go that way too; what it is for are its arrays, in which the truth is known.
"""
