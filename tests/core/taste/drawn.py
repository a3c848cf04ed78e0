"""Layouts with random features, and what brands with known weights say of them."""

import numpy as np

from layoutgen.core.taste.evidence import Evidence
from layoutgen.core.taste.layouts import Catalogue, Layout

NAMED, SIZE = 6, 14
VERSION = "features-test"


def layouts(products: int, variants: int = 4, brand: str = "a", seed: int = 0) -> list[Layout]:
    """Variants of one canvas a product."""
    rng = np.random.default_rng([seed, *brand.encode()])
    return [
        Layout(
            f"{brand}{p}@10x10" + (f"@v{v}" if v else ""), "r", f"{brand}{p}", v,
            {"brand": brand, "category": "c"}, rng.standard_normal(SIZE), VERSION,
        )
        for p in range(products) for v in range(variants)
    ]  # fmt: skip


def catalogue(*tables: list[Layout]) -> Catalogue:
    """All layouts of some tables."""
    found = Catalogue()
    for table in tables:
        found.add(table)
    return found


def decided(of: list[Layout], weights: np.ndarray, seed: int = 0) -> list[Evidence]:
    """A decision about each layout, by a brand with these weights."""
    rng = np.random.default_rng(seed)
    return [
        Evidence("decision", each, float(rng.random() < 1 / (1 + np.exp(-(each.features @ weights)))))
        for each in of
        if each.features is not None
    ]
