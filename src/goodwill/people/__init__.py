"""The home of personal data: identities, ciphered profiles, and one log of what happened.

Writes are made here, and answered only with ids. Whoever wants to read asks ``access``.
"""
