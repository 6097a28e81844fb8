"""Programs to explore: reference implementations, written as a user would write them."""
