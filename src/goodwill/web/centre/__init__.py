"""The privacy centre: pages on which customers see what is held of them, decide, and ask, each in her language.

Everything works without a script. The pages hold no logic: they ask the shop, and show what it says.
"""
