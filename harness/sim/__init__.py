"""The kernel and the four ways to run an agent under it."""
