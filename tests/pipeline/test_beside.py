"""Posters beside the same products' layouts on their photos, on one page."""

from pathlib import Path

import pytest

from layoutgen.core.errors import Refusal
from layoutgen.evaluation import beside
from layoutgen.io.storage import Storage
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import RunOptions
from layoutgen.streaming import in_process
from tests.pipeline.runs import settings, write_manifest
from tests.pipeline.test_posters import Shop


def layouts(shop: Shop) -> str:
    config = settings(canvases=("240x240",))
    config = config.model_copy(update={"render": config.render.model_copy(update={"formats": ("webp",)})})
    table = str(shop.folder / "layouts")
    run_layouts(config, write_manifest(shop.folder, shop.rows), table, RunOptions(), in_process)
    return table


def test_rows_that_both_tables_have_stand_side_by_side_with_their_notes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.rows = [shop.rows[0], shop.rows[-1]]
    other = layouts(shop)
    shop.rows.append({"product_id": "new", "image": "alpha-1.png", "title": "Of one table alone"})
    shop.night()
    page = Path(beside.write(Storage(), str(shop.root), other, str(tmp_path / "page"), limit=10))
    text = page.read_text("utf-8")
    assert text.count("<h3>") == 2 and "keeps its photo" in text and "new@240x240" not in text
    sources = [part.split('"')[0] for part in text.split('src="')[1:]]
    assert len(sources) == 4 and all((page.parent / source).resolve().exists() for source in sources)
    assert len({(page.parent / source).read_bytes() for source in sources}) >= 3
    alone = Path(beside.write(Storage(), str(shop.root), other, str(tmp_path / "few"), limit=1))
    assert alone.read_text("utf-8").count("<h3>") == 1


def test_tables_of_other_products_are_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.rows = shop.rows[:1]
    other = layouts(shop)
    shop.rows[0]["product_id"] = "another"
    shop.night()
    with pytest.raises(Refusal, match="no row in common"):
        beside.write(Storage(), str(shop.root), other, str(tmp_path / "page"), limit=10)
