"""The nightly command with a fetch stage that dies with its process at some products, as a broken decoder does:

POISON=vase-3 DEATHS=/file python -m tests.chaos.poison --input … --output …
"""

import os
import signal
import sys

import pyarrow as pa

from layoutgen import pipelines
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core import rows
from layoutgen.stages.fetch import Fetch


class DeadlyFetch(Fetch):
    """Fetches, but dies of the products that the environment names, after a line in the file that it names."""

    def __call__(self, table: pa.Table) -> pa.Table:
        """Fetch, or die."""
        products = table.column("product_id").to_pylist()
        if {products[i] for i in rows.open_rows(table)} & set(self.poison):
            with open(self.deaths, "a", encoding="utf-8") as file:
                file.write(f"{os.getpid()}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(table)

    poison: tuple[str, ...] = ()
    deaths = ""


if __name__ == "__main__":
    from jobs.command import main

    DeadlyFetch.poison, DeadlyFetch.deaths = tuple(os.environ["POISON"].split()), os.environ["DEATHS"]
    pipelines.Fetch = DeadlyFetch  # type: ignore[misc]
    sys.exit(main("layouts", "", LayoutsConfig, pipelines.run_layouts))
