"""What lies on a desk: the document as it came in, what was made of it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, PositiveInt

Risk = Literal["high", "low"]
Status = Literal["done", "partial", "escalated", "given up", "put back"]

PRICES: Final = (1250, 399, 12000, 75)
RISKS: Final[dict[str, Risk]] = {
    "SKU-1000": "low",
    "SKU-1001": "low",
    "SKU-1002": "high",
    "SKU-1003": "low",
}
CUSTOMERS: Final = ("Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Gorse")


class Document(NamedTuple):
    """An invoice, and with it the truth that agents have to find out."""

    number: int
    secret: str

    @property
    def session(self) -> str:
        """Whose it is: each document is a customer's, and no other may see what is in it."""
        return f"customer-{self.number}"

    @property
    def path(self) -> str:
        """Where it lies."""
        return f"inbox/{self.number}.txt"

    @property
    def invoice(self) -> Invoice:
        """What it says."""
        quantity, price = self.number % 5 + 1, PRICES[self.number % len(PRICES)]
        return Invoice(
            customer=f"{CUSTOMERS[self.number % len(CUSTOMERS)]} {self.number}",
            sku=f"SKU-{1000 + self.number % len(RISKS)}",
            quantity=quantity,
            price=price,
            total=quantity * price,
        )

    @property
    def risk(self) -> Risk:
        """What somebody who judges it rightly says; it stands nowhere."""
        return RISKS[self.invoice.sku]

    @property
    def text(self) -> str:
        """What stands in the file."""
        said = self.invoice
        return (
            f"INVOICE {self.number}\n"
            f"Customer: {said.customer}\nReference: {self.secret}\n"
            f"Item: {said.sku}\nQuantity: {said.quantity}\n"
            f"Price: {said.price}\nTotal: {said.total}\n"
        )


class Invoice(BaseModel):
    """What a model is to extract. It is the contract at every hand-off as well."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    customer: str
    sku: str
    quantity: PositiveInt
    price: PositiveInt
    total: PositiveInt


FIELDS: Final = tuple(Invoice.model_fields)


@dataclass(frozen=True)
class Outcome:
    """How the work on one document ended, and what of it was not done."""

    status: Status
    missing: tuple[str, ...] = ()
    reason: str = ""
