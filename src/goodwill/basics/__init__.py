"""The words that every room shares: errors, money, time and ids.

Knows nothing of shops, people or settings, and needs only the standard library.
"""
