"""What happens right now: messages as SDKs and browsers send them, taken in many at a time."""
