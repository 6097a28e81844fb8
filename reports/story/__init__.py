"""What is told of an exploration or a run: one view model for text, Markdown and pages.

`telling.tell` and `telling.tell_run` make it, once, from results alone: plain
data, in words, in order, with nothing left in it that could harm whoever shows
it. Renderers choose what to show of it and how, and find nothing out.
"""
