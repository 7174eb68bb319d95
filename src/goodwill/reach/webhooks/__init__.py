"""What other systems of the shop are told: whose answers changed, who was erased, what was decided, which job is done.

By ids alone, never a name or an address, in the form of Standard Webhooks (https://www.standardwebhooks.com). A message
is written in the transaction that it tells of, and sent later by a job that tries again.
"""
