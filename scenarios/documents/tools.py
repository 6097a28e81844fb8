"""What an agent at a desk can do to the shared world: the tools, careless or careful."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Final

from pileup.fakes.http import Response
from pileup.scenarios.documents.asking import Asker, checked, guessed
from pileup.scenarios.documents.models import INTERNAL
from pileup.scenarios.documents.office import CONFIG
from pileup.scenarios.documents.papers import Invoice, Risk
from pileup.scenarios.documents.place import GONE
from pileup.scenarios.documents.tasks import Withdrawn

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

KNOWN: Final = 422
"""The answer for a key that was used before, with other words."""


class Tools(Asker):
    """Reading, recording, charging, telling."""

    async def read(self) -> str:
        """Read the document."""
        files = self.office.files
        return await self.tool("read", lambda: files.read_text(self.task.path))

    def accept(self, found: dict[str, object]) -> Invoice:
        """Take what was handed over for an invoice: checked, or as it is."""
        return checked(found) if self.controls.gates else guessed(found)

    async def record(self, invoice: Invoice, risk: Risk) -> None:
        """Write down what was found."""
        row = {"document": self.task.number, "risk": risk, **invoice.model_dump()}
        await self.tool("record", partial(self._record, row))

    async def _record(self, row: dict[str, object]) -> None:
        database = self.office.database
        if self.controls.deduplication:
            row = {"id": self.task.number, **row}
            await database.insert("records", row, on_conflict="nothing")
        else:
            await database.insert("records", {"id": await database.next("records_id"), **row})

    async def enter(self, invoice: Invoice) -> None:
        """Add it to the shared config."""
        await self.tool("enter", partial(self._enter, invoice))

    async def _enter(self, invoice: Invoice) -> None:
        files = self.office.files
        if not self.controls.exclusion:
            await files.write_text(CONFIG, self._entered(await files.read_text(CONFIG), invoice))
            return
        async with files.lock(f"{CONFIG}.lock"):
            before = await files.read_text(CONFIG)
            after = self._entered(before, invoice)
            if after != before:
                await files.replace_text(CONFIG, after)

    def _entered(self, config: str, invoice: Invoice) -> str:
        page = json.loads(config)
        page["paid"][str(self.task.number)] = invoice.total
        return json.dumps(page)

    async def charge(self, invoice: Invoice) -> None:
        """Take the money."""
        body = {"document": self.task.number, "amount": invoice.total}
        response = await self.tool("charge", partial(self._post, "/charges", body))
        if response.status == GONE:
            raise Withdrawn
        response.raise_for_status()

    async def notify(self, letter: str) -> None:
        """Send the customer a letter."""
        text = letter.replace(INTERNAL, "").rstrip() if self.controls.sanitising else letter
        body = {"document": self.task.number, "text": text}
        response = await self.tool("notify", partial(self._post, "/letters", body))
        if response.status != KNOWN:  # then it has been sent, before the wording was changed
            response.raise_for_status()

    async def withdraw(self) -> None:
        """Take the payment back, or see to it that it is not made any more."""
        body = {"payment": f"/charges {self.task.number}"}
        await self.call("withdraw", partial(self._post, "/withdrawals", body))

    async def _post(self, path: str, body: Mapping[str, object]) -> Response:
        key = {"idempotency-key": f"{path} {self.task.number}"}
        headers = key if self.controls.idempotency else {}
        response = await self.office.http.post(path, json=body, headers=headers)
        return response if response.status in (GONE, KNOWN) else response.raise_for_status()
