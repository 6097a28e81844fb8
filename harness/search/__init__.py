"""Searching: many runs of one program, what they found, and the proof."""
