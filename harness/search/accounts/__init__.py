"""What runs add up to, how far an exploration has come, and when it is enough."""
