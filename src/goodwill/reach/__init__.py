"""Deliver: what is written to people, and how it gets there.

A letter is a function that gives its context; templates of our own, in each language, make text and HTML of it. Letters
wait in the outbox, written there in the transaction that they tell of, and a job sends them. The room is told whom to
write to and what; it decides nothing about anybody and reads no data for a purpose.
"""

from goodwill.reach.letters import Kind, Letter

__all__ = ["Kind", "Letter"]
