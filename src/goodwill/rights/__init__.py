"""What customers may ask for, and how they show that they are who they say: requests, and signing in by mail.

A request knows who asked only once that was shown, with a code sent to the address on file or by staff who looked;
nothing is handed out or destroyed before. The room keeps its own tables, about people by their numbers only. It reads
no customer's data, sends no mail and carries nothing out itself: `shop` does, with the rooms that can.
"""

from goodwill.rights.request import Request, Right, State, Step

__all__ = ["Request", "Right", "State", "Step"]
