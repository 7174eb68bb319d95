"""What keeps personal data unreadable: a key for each person, and a cipher that uses it.

Whoever destroys a person's key has erased all that it locked, in every copy and backup of the data. The room knows
numbers of people, names of fields and bytes; it never knows whose they are, and nothing of shops or purposes.
"""

from goodwill.protect.box import Box
from goodwill.protect.cipher import Cipher, Sealed
from goodwill.protect.keystore import KeyState, KeyStore, PersonKey
from goodwill.protect.trial import on_trial

__all__ = ["Box", "Cipher", "KeyState", "KeyStore", "PersonKey", "Sealed", "on_trial"]
