"""Several words as one row of bytes that no other words give: each says its kind and its length first.

The form is frozen: it is bound into every ciphertext and every keyed hash that a shop keeps.
"""


def framed(*words: str | int) -> bytes:
    """Words and whole numbers (signed, 64 bits) as unambiguous bytes.

    Raises:
        UnicodeEncodeError: a word is broken Unicode.
        OverflowError: a number needs more than 64 bits.
    """
    return b"".join([_framed(word) for word in words])


def _framed(word: str | int) -> bytes:
    if isinstance(word, int):
        return b"i" + word.to_bytes(8, "big", signed=True)
    text = word.encode()
    return b"s" + len(text).to_bytes(8, "big") + text
