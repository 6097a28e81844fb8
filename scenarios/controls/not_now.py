"""A control says that now is not the time: nothing was tried, and it is known when to come back."""

from __future__ import annotations


class NotNow(Exception):
    """Nobody was asked. This is no failure, and no try was used up."""

    def __init__(self, why: str, retry_after: float) -> None:
        super().__init__(f"{why}; again in {retry_after:.3g} s")
        self.retry_after = max(1.0, retry_after)
