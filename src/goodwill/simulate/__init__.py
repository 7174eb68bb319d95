"""Shops to try goodwill on: an invented bakery-café, and real grocery purchases with invented consents.

Everything here goes in through the same files and the same intake as a real shop's data, and says on every screen what
was invented.
"""
