"""Who works in the shop, and what they may do: accounts, second factors, sessions, roles, and a second pair of eyes.

The room knows staff and never a customer. Names and addresses of staff are sealed under a key of the shop; passwords,
tokens and codes are kept as hashes only. It begins no transaction: `shop.staff` does that, and fills the audit log.
"""

from goodwill.staff.accounts import Account
from goodwill.staff.roles import Act, Role, may
from goodwill.staff.sessions import Session

__all__ = ["Account", "Act", "Role", "Session", "may"]
