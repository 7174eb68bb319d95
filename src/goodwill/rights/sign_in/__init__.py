"""Signing in by mail: a link for the browser that asked for it, and a short code to be typed in every other.

Nobody is looked up when an address is typed in, so the answer cannot tell whether it is known. Everything that opens
something is random, used once, soon over, and kept as a hash only.
"""
