"""What outlives an exploration: saved failures and exported tests."""
