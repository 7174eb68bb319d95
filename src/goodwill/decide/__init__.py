"""Choose for one person: what she usually takes and something new, only from what she allowed, with the reasons.

Asks the door for one person under one purpose. Where the answer is no, it chooses what everyone gets.
"""
