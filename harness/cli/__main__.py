"""`python -m pileup.cli`: the command line where no `pileup` is on the path."""

from __future__ import annotations

import sys

from pileup.cli import main

sys.exit(main())
