"""What customers may ask for, and how they show that they are who they say: requests, and signing in by mail.

The room keeps its own tables, about people by their numbers only. It reads no customer's data and sends no mail itself.
"""
