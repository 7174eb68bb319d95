"""Shops to try goodwill on: a bakery-café, real grocery purchases with invented consents, a world with known truth.

Everything here goes in through the same files and the same intake as a real shop's data, and says on every screen what
was invented.
"""
