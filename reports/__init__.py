"""Findings for people: thin renderers over the results."""
