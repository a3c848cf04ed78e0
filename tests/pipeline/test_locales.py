"""Copy in several languages through whole nights: a row a product, canvas and locale; photo work once an image."""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen import pipelines, tables
from layoutgen.models.annotators.subject_only import SubjectOnly
from layoutgen.runs.job import RunOptions
from layoutgen.stages.fetch import Fetch
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import dead, published, settings, write_manifest
from tests.pipeline.test_covers import settings as cover_settings

pytestmark = pytest.mark.slow

run_layouts = partial(pipelines.run_layouts, stream=in_process)
CANVASES = ("1:1", "16:9")
COPY = {
    "en": {"title": "Stoneware vase", "selling_points": ["Glazed by hand"], "price": "$49"},
    "zh_cn": {"title": "手工拉坯粗陶花瓶", "selling_points": ["手工上釉"], "price": "￥199"},
    "de": {"title": "Vase aus Steinzeug", "selling_points": ["Von Hand glasiert"], "call_to_action": "Jetzt ansehen"},
}


class Shop:
    """A catalogue of four products in a folder, with copy in three languages, changed between nights."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder, str(folder / "out")
        self.rows: list[dict[str, Any]] = [
            {"product_id": f"v{n}", "image": f"{n}.jpg", "copies": {tag: dict(copy) for tag, copy in COPY.items()}}
            for n in range(4)
        ]
        for number in range(4):
            (folder / f"{number}.jpg").write_bytes(encoded(photo(120, 160, number)))

    def night(self, run_id: str, **options: Any) -> tuple[int, int, int, int]:
        """Computed, unchanged, dead and deleted rows of a night."""
        manifest = write_manifest(self.folder, self.rows)
        config = settings(canvases=CANVASES, rows_per_shard=6)
        summary = run_layouts(config, manifest, self.output, RunOptions(run_id=run_id, **options))
        return tuple(summary[name] for name in ("computed", "unchanged", "dead_letters", "deleted"))  # type: ignore[return-value]

    def table(self) -> dict[str, dict[str, Any]]:
        return {row["row_id"]: row for row in tables.read(self.output).to_pylist()}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the originals that are decoded, and the pictures whose subject is looked for."""
    counts: Counter[str] = Counter()
    fetch, annotate = Fetch._image, SubjectOnly.annotate

    def counted(self: Fetch, data: bytes) -> Any:
        counts["decoded"] += 1
        return fetch(self, data)

    def looked(self: SubjectOnly, pictures: list[Any]) -> Any:
        counts["annotated"] += len(pictures)
        return annotate(self, pictures)

    monkeypatch.setattr(Fetch, "_image", counted)
    monkeypatch.setattr(SubjectOnly, "annotate", looked)
    return counts


def test_a_row_a_product_canvas_and_locale_and_photo_work_once_an_image(shop: Shop, work: Counter[str]) -> None:
    assert shop.night("one") == (24, 0, 0, 0)
    assert work == {"decoded": 4, "annotated": 4}
    rows = shop.table()
    assert len({row["fingerprint"]["annotate"] for row in rows.values()}) == 4
    german = rows["v0@960x540@de"]
    assert (german["locale"], german["language"], german["canvas"]) == ("de", "de", "960x540")
    assert {element["text"] for element in german["elements"]} >= {"Vase aus Steinzeug", "Jetzt ansehen"}
    chinese = rows["v0@960x540@zh-CN"]
    assert (chinese["price"], chinese["selling_points"]) == ("￥199", ["手工上釉"])
    assert all(row["subject_box"] for row in rows.values())


def test_a_locale_that_comes_goes_or_changes_moves_its_rows_alone(shop: Shop, work: Counter[str]) -> None:
    shop.night("one")
    before = shop.table()
    work.clear()
    shop.rows[0]["copies"]["fr"] = {"title": "Vase en grès"}
    del shop.rows[1]["copies"]["de"]
    shop.rows[2]["copies"]["en"]["title"] = "Another vase"
    assert shop.night("two") == (4, 20, 0, 2)
    assert work["decoded"] == 2, "the pictures of two products"
    after = shop.table()
    assert after.keys() - before.keys() == {"v0@540x540@fr", "v0@960x540@fr"}
    assert before.keys() - after.keys() == {"v1@540x540@de", "v1@960x540@de"}
    changed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    assert changed == {"v2@540x540@en", "v2@960x540@en"}
    grown = published(shop.output)
    shop.output += "-scratch"
    shop.night("three")
    assert published(shop.output) == grown, "as a table that is made from scratch"


def test_rows_of_before_stay_when_their_translations_come(shop: Shop) -> None:
    shop.rows = [{"product_id": f"v{n}", "image": f"{n}.jpg", "title": f"Vase {n}"} for n in range(4)]
    assert shop.night("one") == (8, 0, 0, 0)
    for row in shop.rows:
        row["copies"] = {"fr": {"title": "Vase en grès"}}
    assert shop.night("two") == (8, 8, 0, 0)
    assert {"v0@540x540", "v0@540x540@fr"} <= shop.table().keys()


def test_a_replay_runs_the_canvases_and_locales_that_failed(shop: Shop) -> None:
    shop.rows[0]["copies"] |= {"fr": {"brand": "x"}, "french": {"title": "x"}, "DE": {"title": "x"}}
    shop.rows[1]["image"] = "gone.jpg"
    shop.rows.append({**shop.rows[2], "copies": {"en": COPY["en"], "it": {"title": "Vaso"}}})
    assert shop.night("one") == (4 + 12 + 2, 0, 2 + 1 + 2 + 6 + 2, 0)
    letters = {row["row_id"]: row for row in dead(shop.output, "one")}
    assert {key: letters[key]["kind"] for key in letters if "960" not in key} == {
        "v0#row1@@french": "bad_locale", "v0@540x540@fr": "missing_field", "v0@540x540@de": "duplicate_locale",
        "v1@540x540@en": "not_found", "v1@540x540@zh-CN": "not_found", "v1@540x540@de": "not_found",
        "v2#row5@540x540@en": "duplicate_id",
    }  # fmt: skip
    assert letters["v1@540x540@zh-CN"]["locale"] == "zh-CN"
    (shop.folder / "gone.jpg").write_bytes(encoded(photo(120, 160, 1)))
    assert shop.night("two", replay="one") == (6, 0, 2 + 1 + 2, 0)
    assert len(shop.table()) == 4 + 12 + 2 + 6
    kinds = Counter(letter["kind"] for letter in dead(shop.output, "two"))
    assert kinds == {"bad_locale": 1, "missing_field": 2, "duplicate_locale": 2, "duplicate_id": 2}


def test_a_leftward_locale_is_laid_out_so_on_the_photo_of_all_locales(shop: Shop) -> None:
    copy = {"title": "VALE קנקן", "selling_points": ["עבודת יד", "Glazed by hand"], "price": "₪129"}
    shop.rows = [{**shop.rows[0], "copies": {"en": COPY["en"], "he-IL": copy}}]
    assert shop.night("one") == (4, 0, 0, 0)
    rows = shop.table()
    for canvas in ("540x540", "960x540"):
        english, hebrew = rows[f"v0@{canvas}@en"], rows[f"v0@{canvas}@he-IL"]
        assert hebrew["image_sha256"] == english["image_sha256"]
        texts = {element["text"]: element for element in hebrew["elements"] if element["lines"]}
        assert texts.keys() == {"VALE קנקן", "עבודת יד", "Glazed by hand", "₪129"}, "as they are given"
        directions = {text: element["direction"] for text, element in texts.items()}
        assert directions == {"VALE קנקן": "rtl", "עבודת יד": "rtl", "Glazed by hand": "ltr", "₪129": "ltr"}
        assert not any(e["alignment"] == "left" for e in texts.values())
        title = texts["VALE קנקן"]
        first, *_ = sorted(title["runs"], key=lambda run: (run["line"], -run["x_px"]))
        assert first["text"].strip() == "VALE", "the brand comes first, at the right"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_csv_and_parquet_give_the_rows_that_json_lines_do(shop: Shop, form: str) -> None:
    shop.night("one")
    names = [name for name in COPY if name != "en"] + ["en"]
    if form == "csv":
        cells = ((row["product_id"], row["image"], json.dumps(row["copies"])) for row in shop.rows)
        text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells)
        (shop.folder / "m.csv").write_text("product_id,image,copies\n" + text, encoding="utf-8")
    else:
        entry = pa.struct([("title", pa.string()), ("selling_points", pa.list_(pa.string())), ("price", pa.string()),
                           ("call_to_action", pa.string())])  # fmt: skip
        kind = pa.struct([(name, entry) for name in names])
        columns = {name: [row[name] for row in shop.rows] for name in ("product_id", "image")}
        pq.write_table(
            pa.table({**columns, "copies": pa.array([row["copies"] for row in shop.rows], kind)}),
            shop.folder / "m.parquet",
        )
    config = settings(canvases=CANVASES, rows_per_shard=6)
    summary = run_layouts(config, str(shop.folder / f"m.{form}"), shop.output, RunOptions(run_id="two"))
    assert (summary["unchanged"], summary["computed"]) == (24, 0)


def test_covers_have_rows_by_locale(tmp_path: Path) -> None:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    copies = {"en": {"title": "Three vases", "subtitle": "For spring"}, "zh": {"title": "三分钟学会插花"}, "x y": {}}
    manifest = write_manifest(tmp_path, [{"product_id": "a", "cover": "vase.jpg", "copies": copies}])
    summary = pipelines.run_covers(cover_settings(), manifest, str(tmp_path / "out"), stream=in_process)
    rows = {row["row_id"]: row for row in published(str(tmp_path / "out"))}
    assert rows.keys() == {f"a@{size}@{tag}" for size in ("540x720", "960x540") for tag in ("en", "zh")}
    assert (rows["a@540x720@en"]["subtitle"], rows["a@540x720@zh"]["subtitle"]) == ("For spring", None)
    assert [row["kind"] for row in dead(str(tmp_path / "out"), summary["run_id"])] == ["bad_locale"]
