"""What comes in: files that a shop already has, and later events and webhooks. Writes through ``people``."""
