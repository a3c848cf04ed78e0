"""How often a published table breaks its brands' kits, from its rows and its finished pictures."""

from typing import Any

from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.metrics import brands
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.building.kits import present
from layoutgen.stages.brand_checks import BrandChecks

_MOST_ROWS = 20


def violations(storage: Storage, table: str, kits: BrandKits) -> dict[str, Any]:
    """`own_brand_violations` of the newest snapshot: the share of checks that are broken, the rows that break each,
    and the first of them by name. Rows of brands without a kit are not looked at."""
    checks = BrandChecks(storage, present(kits, storage))
    counts = []
    examples: list[dict[str, Any]] = []
    pictures = 0
    for row in published_runs.read(storage, table).to_pylist():
        outcome = checks.of(row)
        if outcome is None:
            continue
        broken, count, has_picture = outcome
        pictures += has_picture
        counts.append((broken, count))
        if broken and len(examples) < _MOST_ROWS:
            examples.append({"row_id": row["row_id"], "broken": broken})
    return {
        **brands.totals(counts),
        "rows": len(counts),
        "checks": sum(count for _, count in counts),
        "pictures": pictures,
        "examples": examples,
    }
