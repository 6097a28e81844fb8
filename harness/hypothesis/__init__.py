"""Property-based scenarios with Hypothesis."""
