"""To see a run again, and to refuse a program that is not the same twice."""
