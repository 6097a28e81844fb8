"""One run of a program, and what it shows."""
