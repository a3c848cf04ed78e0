"""Products that are erased stand nowhere any more, whatever is cut off; other products' readers notice nothing."""

import html
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import evaluate, maintain
from layoutgen import tables
from layoutgen.config.base import Pool
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.errors import Refusal
from layoutgen.core.gallery.files import script as gallery_script
from layoutgen.core.layout import Box, Canvas, Copy, Framing, Role, Suggestion
from layoutgen.demo.s3 import LocalS3
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.runs import erasing
from layoutgen.runs.erasing import erase, products_in, products_of
from layoutgen.runs.maintenance import clean_up
from layoutgen.streaming import in_process
from layoutgen.training import copies
from layoutgen.training.data.datasets import read_snapshot, write_snapshot
from layoutgen.training.examples.examples import Example
from layoutgen.training.examples.selection import DataSet
from tests.chaos.nights import wait_until
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo
from tests.forked import Forked
from tests.limits import PATIENCE_S

pytestmark = pytest.mark.slow

MARKED, WORDS = "marked-71", "Quxifrabble"
CONFIG = LayoutsConfig.model_validate(
    SETTINGS.model_dump()
    | {"run": SETTINGS.run.model_dump() | {"rows_per_shard": 2}, "render": {"formats": ["webp"]}}
    | {"publish": {"partition_by": "canvas"}}
)
POINTS = (
    *("erasure_recorded", "before_swap", "after_swap", "file_erased"),
    *("record_erased", "manifest_mended", "pictures_found", "pictures_erased"),
)


class Shop:
    """A catalogue of six products, one of them marked, which was laid out for three nights."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "out"
        for number in range(7):
            (folder / f"{number}.jpg").write_bytes(encoded(photo(48, 64, number)))
        self.rows = [{"product_id": f"p{n}", "image": f"{n}.jpg", "title": f"Vase {n}"} for n in range(6)]
        self.rows[3] |= {"product_id": MARKED, "title": WORDS}
        self.night("a")
        self.rows[3]["title"] = f"{WORDS} again"
        self.rows[4]["title"] = "Another"
        self.rows.append({"product_id": f"{MARKED}2", "image": "gone.jpg", "title": "A neighbour that failed"})
        self.night("b")
        self.rows[3]["image"] = "gone.jpg"
        self.night("c")
        self.rows[3]["image"] = "6.jpg"
        with pytest.raises(Crash):
            self.night("d", crash_at=lambda point: point == "before_publish")
        refused = [{"row_id": f"{key}@48x64", "message": f"{key}@48x64 is a cover"} for key in (MARKED, "p1")]
        lines = "".join(json.dumps(record) + "\n" for record in refused)
        (self.root / "_runs" / "b" / "refused.jsonl").write_text(lines)
        # notes of a process that crashed at a row
        for stage, key in (("fetch", "p1"), ("place", MARKED)):
            note = json.dumps({"count": 1, "crashes": {f"{key}@48x64": 1}, "suspects": []})
            (self.root / "_runs" / "d" / "tries" / f"{stage}-00077.json").write_text(note)
        (self.root / "snapshots" / "d" / ".0123456789abcdef.part").write_text(WORDS)  # of a writer that was killed

    def night(self, run_id: str | None, crash_at: Callable[[str], bool] | None = None) -> dict[str, Any]:
        manifest = self.folder / "catalogue.jsonl"
        manifest.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        return night(str(manifest), str(self.root), crash_at, CONFIG, run_id=run_id)

    def erase(self, *keys: str) -> dict[str, Any]:
        return erase(Storage(), str(self.root), products_of(keys or [MARKED], "test"))

    def traces(self) -> set[str]:
        """The files of the table that have the marked product's words or key in their bytes, those of feeds' entries
        that say that it is erased apart."""
        return {
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_file() and any(_is_trace(text) for text in _texts(path))
        }

    def pictures(self, product: str) -> set[str]:
        """The pictures that any snapshot names for a product."""
        return {
            row["picture_file"]["uri"]
            for path in self.root.glob("snapshots/*/*.parquet")
            for row in pq.read_table(path).to_pylist()
            if row["product_id"] == product and row["picture_file"]
        }


def _is_trace(text: bytes) -> bool:
    return WORDS.encode() in text or MARKED.encode() in text.replace(f"{MARKED}2".encode(), b"")


def _texts(path: Path) -> Iterator[bytes]:
    """A file's name and what is in it."""
    yield from _unpacked(str(path), path.read_bytes())


def _unpacked(name: str, data: bytes) -> Iterator[bytes]:
    """A file's name and bytes; of Parquet the footer, and all values, unpacked."""
    yield name.encode()
    if not name.endswith(".parquet"):
        yield data
        return
    file = pq.ParquetFile(io.BytesIO(data))
    yield data[-int.from_bytes(data[-8:-4], "little") - 8 :] if "_changes" not in name else b""
    rows = [row for row in file.read().to_pylist() if row.get("op") != "erase"]
    sink = io.BytesIO()
    if rows:
        pq.write_table(pa.Table.from_pylist(rows, file.schema_arrow), sink, compression="NONE", use_dictionary=False)
    yield sink.getvalue()
    yield repr(rows).encode()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("still"))


def test_an_erased_product_is_in_no_byte_and_all_else_is_as_it_was(shop: Shop) -> None:
    parts = {path.split("/")[0] for path in shop.traces()}
    assert parts == {"snapshots", "dead_letters", "partitioned", "pictures", "_runs"}, "the search finds what is there"
    pictures, others = shop.pictures(MARKED), shop.pictures("p1")
    assert pictures and others and all(Path(uri).exists() for uri in pictures)
    before = {path: path.read_bytes() for path in shop.root.rglob("*.parquet")}
    touched = {str(path.relative_to(shop.root)) for path in before if any(_is_trace(text) for text in _texts(path))}
    rows = {run: tables.read(str(shop.root), run_id=run) for run in "abc"}

    done = shop.erase()

    assert not shop.traces()
    assert not any(Path(uri).exists() for uri in pictures) and all(Path(uri).exists() for uri in others)
    for path, data in before.items():
        if str(path.relative_to(shop.root)) not in touched:
            assert path.read_bytes() == data, path
    for run in "abc":
        left = [row for row in rows[run].to_pylist() if row["product_id"] != MARKED]
        assert tables.read(str(shop.root), run_id=run).to_pylist() == left
        for name, file in _manifested(shop.root, run):
            assert (file["sha256"], file["bytes"]) == (_sha(name), name.stat().st_size)
            assert file["rows"] == pq.read_metadata(name).num_rows
    record = json.loads(Path(done["erasure"]).read_text())
    assert record["state"] == "done" and set(record["files"]) == touched
    assert record["records"] == {"_runs/b/refused.jsonl": 1}
    assert [path.name for path in shop.root.glob("_runs/d/tries/*-00077.json")] == ["fetch-00077.json"]
    assert done["counts"]["rows"] == 3, "in the nights a and b, and in d, which was cut off"
    assert (done["counts"]["dead_letters"], done["counts"]["pictures"]) == (1, len(pictures))
    again = shop.erase()
    assert (again["erasure"], again["unknown"]) == (None, [MARKED])


def _manifested(root: Path, run: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    manifest = published_runs.manifest(Storage(), str(root), run)
    folders = {"files": "snapshots/{}", "changes": "snapshots/{}/_changes", "dead_letters": "dead_letters/{}"}
    for kind, folder in folders.items():
        for file in manifest[kind]:
            yield root / folder.format(run) / file["name"], file


def _sha(path: Path) -> str:
    return erasing.run_files.sha256(path.read_bytes())


def test_the_feed_says_what_was_erased_and_applied_to_a_copy_gives_the_table(shop: Shop) -> None:
    root = str(shop.root)
    copies = {run: {row["row_id"]: row for row in tables.read(root, run_id=run).to_pylist()} for run in "abc"}
    shop.erase()
    today = {row["row_id"]: row for row in tables.read(root).to_pylist()}
    for run, copy in copies.items():
        feed = tables.changes(root, since=run).to_pylist()
        assert {row["product_id"] for row in feed if row["op"] == "erase"} == {MARKED}
        for row in feed:
            copy.pop(row["row_id"], None)
            if row["op"] in ("insert", "update"):
                copy[row["row_id"]] = today[row["row_id"]]
        assert copy == today, run


def test_nights_go_on_after_an_erasure_and_a_product_that_comes_back_is_inserted(shop: Shop) -> None:
    done = shop.erase()
    row = shop.rows.pop(3)
    assert shop.night("e")["computed"] == 0, "nothing else is computed anew"
    assert not shop.traces()
    shop.rows.append(row | {"title": "Other words"})
    shop.night("f")
    feed = tables.changes(str(shop.root), since="c").to_pylist()
    assert [(row["op"], row["product_id"]) for row in feed] == [("insert", MARKED)]
    assert done["run_id"] == published_runs.manifest(Storage(), str(shop.root), "e")["previous"]


def test_an_erasure_that_is_cut_off_at_every_point_is_ended_by_the_same_command(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = shop.pictures(MARKED)
    for point in POINTS:

        def crash(name: str, point: str = point) -> None:
            if name == point:
                raise Crash(name)

        for module in (erasing, published_runs):
            monkeypatch.setattr(module, "crash_point", crash)
        with pytest.raises(Crash, match=point):
            shop.erase()
        assert bool(shop.traces()) == (point != "pictures_erased")
    for module in (erasing, published_runs):
        monkeypatch.setattr(module, "crash_point", lambda name: None)
    done = shop.erase()
    assert not shop.traces() and not any(Path(uri).exists() for uri in pictures)
    counts = done["counts"]
    assert (counts["rows"], counts["dead_letters"], counts["pictures"]) == (3, 1, len(pictures))
    assert len(list(shop.root.glob("_erasures/*"))) == 1
    for run in ("a", "b", "c", done["run_id"]):
        for name, file in _manifested(shop.root, run):
            assert (file["sha256"], file["bytes"]) == (_sha(name), name.stat().st_size)


def test_what_was_made_of_the_table_elsewhere_loses_the_product_too(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    feedback = shop.folder / "feedback.jsonl"
    of = {name: {"row_id": f"{name}@48x64", "decision": "adopt"} for name in (MARKED, f"{MARKED}2", "p1")}
    lines = [json.dumps(of[MARKED]), json.dumps(of[f"{MARKED}2"]), "broken " + MARKED, json.dumps(of["p1"])]
    feedback.write_text("".join(f"{line}\n" for line in lines))
    Path(f"{feedback}.withdrawn").write_text(json.dumps({"key": ["ann", f"{MARKED}@48x64", "a"]}) + "\n")
    sets = shop.folder / "sets"
    data = DataSet({"train": (example("p1"), example(MARKED)), "validation": (), "test": (example("p2"),)}, (), ("x",))
    old = write_snapshot(Storage(), str(sets), data)
    finished = shop.folder / "finished"
    (finished / "files").mkdir(parents=True)
    (finished / "table").mkdir()
    names = {name: str(finished / "files" / f"{name}.webp") for name in (MARKED, "p1")}
    for name in names.values():
        Path(name).write_bytes(b"picture")
    table = pa.table({"row_id": [f"{n}@48x64" for n in names], "product_id": [*names], "uri": [*names.values()]})
    pq.write_table(table, finished / "table" / "part-0.parquet")
    words = ["erase", "--output", str(shop.root), "--product", MARKED, "nobody", "--also"]
    assert maintain.main([*words, str(feedback), str(sets), str(finished)]) == 0
    out = capsys.readouterr()
    assert f"{shop.root} does not know 'nobody'" in out.err
    done = json.loads(out.out)
    assert done["unknown"] == ["nobody"]
    assert list(done["also"].values()) == [{"lines": 2}, {"examples": 1}, {"files": 1, "rows": 1}]
    assert feedback.read_text() == "".join(f"{line}\n" for line in (lines[1], lines[2], lines[3]))
    assert not Path(f"{feedback}.withdrawn").read_text()
    (folder,) = sets.iterdir()
    assert str(folder) != old
    left = read_snapshot(Storage(), str(folder))
    assert {split: [e.product_id for e in of] for split, of in left.splits.items()} == {
        "train": ["p1"],
        "validation": [],
        "test": ["p2"],
    }
    assert (Path(names[MARKED]).exists(), Path(names["p1"]).exists()) == (False, True)
    assert pq.read_table(finished / "table" / "part-0.parquet")["product_id"].to_pylist() == ["p1"]


def test_pages_reports_and_references_that_jobs_made_of_the_table_lose_the_product_too(
    still: Shop, tmp_path: Path
) -> None:
    run_gallery(
        Storage(), str(still.root), str(tmp_path / "gallery"),
        run_id="b", limit=9, side=64, font_files=(), pool=Pool(size=1, num_cpus=0.5), stream=in_process,
    )  # fmt: skip
    config = tmp_path / "evaluate.toml"
    config.write_text("[score]\ncontent = false\n[report]\nresamples = 100\nworst = 9\npreview_side = 64\n")
    asked = ["--layouts", str(still.root), "--run-id", "b", "--config", str(config)]
    asked += ["--output", str(tmp_path / "report")]
    assert evaluate.main(asked, in_process) == 0
    for product in (MARKED, "p1"):
        folder = tmp_path / "references" / "rows" / product / "48x64"
        folder.mkdir(parents=True)
        (folder / "layout.json").write_text(json.dumps({"provenance": {"row_id": f"{product}@48x64"}}))
        (folder / "product_full.png").write_bytes(b"pixels")
    own = tmp_path / "gallery" / "notes.txt"
    own.write_text("a file of somebody's own")

    def traces() -> set[str]:
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {path.relative_to(tmp_path).parts[0] for path in files if any(map(_is_trace, _texts(path)))}

    assert traces() == {"gallery", "report", "references"}
    products = products_of([MARKED], "test")
    folders = [str(tmp_path / name) for name in ("gallery", "report", "references")]
    copies.check(Storage(), folders, str(still.root))
    erased = {name: copies.erase(Storage(), name, products) for name in folders}
    assert traces() == set()
    assert not [*(tmp_path / "gallery").rglob("*.js")] and not [*(tmp_path / "gallery").rglob("*.jpg")]
    assert own.exists(), "what is no part of a page stays"
    assert not (tmp_path / "report" / "report.html").exists()
    worst = json.loads((tmp_path / "report" / "report.json").read_text())["worst"]
    assert worst and MARKED not in {row["row_id"].partition("@")[0] for row in worst}
    assert erased[folders[2]] == {"folders": 1}
    assert [path.name for path in (tmp_path / "references" / "rows").iterdir()] == ["p1"]
    assert all(copies.erase(Storage(), name, products) == {} for name in folders)


def test_a_page_that_names_a_neighbour_alone_stays(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(f'<td title="{MARKED}2@48x64">')
    assert copies.erase(Storage(), str(tmp_path), products_of([MARKED], "test")) == {}
    odd = 'a<b>&"c'
    for text in (html.escape(odd), gallery_script("x(", odd).decode()):
        page.write_text(f"<p>{text}</p>")
        assert copies.erase(Storage(), str(tmp_path), products_of([odd], "test")) == {"files of pages": 1}


def test_an_erasure_whose_process_is_killed_at_every_point_is_ended_by_the_same_command(shop: Shop) -> None:
    crash, out, log = (shop.folder / name for name in ("crash", "erase.out", "erase.log"))
    crash.mkdir()
    asked = ["erase", "--output", str(shop.root), "--product", MARKED]
    environment = {**os.environ, "LAYOUTGEN_CRASH": str(crash)}
    for point in POINTS:
        (crash / point).touch()
        process = Forked("jobs.maintain", asked, environment, out, log, ["jobs.maintain"])
        stopped = crash / f"{point}.{process.pid}"
        wait_until(partial(_stands, process, stopped), point)
        stopped.unlink()
        process.kill()
        process.communicate(PATIENCE_S)
        assert process.returncode == -signal.SIGKILL
        readers = tables.read(str(shop.root))["product_id"].to_pylist()
        assert {"p0", "p1", "p2", "p4", "p5"} <= {*readers}, f"{point}: readers have all others"
    process = Forked("jobs.maintain", asked, environment, out, log, ["jobs.maintain"])
    said, _ = process.communicate(PATIENCE_S)
    assert process.returncode == 0, log.read_text()[-3000:]
    assert not shop.traces()
    assert json.loads(said)["counts"]["rows"] == 3
    for run in ("a", "b", "c"):
        for name, file in _manifested(shop.root, run):
            assert (file["sha256"], file["bytes"]) == (_sha(name), name.stat().st_size)


def _stands(process: Forked, stopped: Path) -> bool:
    return stopped.exists() and psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def example(product: str) -> Example:
    box: Box = (0.1, 0.1, 0.9, 0.2)
    return Example(
        *(f"{product}@48x64", product, "adopted", f"{product}.jpg", "0" * 64, Framing(picture=(0, 0, 1, 1))),
        *(Canvas(48, 64), Copy("Vase"), (Suggestion(Role.TITLE, box, "Vase"),)),
    )


def test_a_picture_that_another_product_has_too_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(iter((shop.root / "snapshots" / "b").glob("*.parquet")))
    shared = sorted(shop.pictures(MARKED))[0]
    table = pq.read_table(path)
    rows = table.to_pylist()
    other = next(row for row in rows if row["product_id"] != MARKED)
    other["picture_file"]["uri"] = shared
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)
    shop.erase()
    assert Path(shared).exists()


def test_an_instruction_that_went_to_other_products_names_its_source_no_more(shop: Shop) -> None:
    path = next(
        path
        for path in (shop.root / "snapshots" / "c").glob("*.parquet")
        if pq.read_table(path)["product_id"].to_pylist()[0].startswith("p")
    )
    table = pq.read_table(path)
    orders = [{"by": "ann", "time": "t", "row_id": f"{MARKED}@48x64", "run_id": "b", "changes": []}]
    texts = [json.dumps(orders)] * len(table)
    place = table.column_names.index("refinement")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(texts)), path)
    shop.erase()
    assert not shop.traces()
    assert all('"erased"' in text for text in pq.read_table(path)["refinement"].to_pylist())
    feed = tables.changes(str(shop.root), since="c").to_pylist()
    assert {row["op"] for row in feed} == {"erase", "update"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no product; give the keys of those to erase, one a line"),
        ("\ufeff\n  \n", "names no product"),
        ("p1\np\x1b[2J2\n", "line 2: 'p\\x1b[2J2' is no product's key"),
        ("<html>\n<p>p</p>", "knows none of '<html>', '<p>p</p>'; nothing is erased"),
        ("P1", "knows none of 'P1'"),
    ],
)
def test_keys_that_are_none_erase_nothing_and_are_told_by_name(
    still: Shop, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = still.folder / "ids.txt"
    ids.write_text(text)
    before = {path: path.read_bytes() for path in still.root.rglob("*") if path.is_file()}
    assert maintain.main(["erase", "--output", str(still.root), "--file", str(ids)]) == 2
    assert message in capsys.readouterr().err
    ignored = {"CURRENT", "_lease.json"}
    after = {path: path.read_bytes() for path in still.root.rglob("*") if path.is_file()}
    assert {p: d for p, d in after.items() if p.name not in ignored} == {
        p: d for p, d in before.items() if p.name not in ignored
    }


def test_files_of_keys_are_read_as_people_write_them(tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_bytes("\ufeff p1 \r\n\r\nCafe\u0301\r\np1\r\n".encode())
    assert products_in(Storage(), str(ids)).keys == {"p1", "Caf\u00e9"}
    ids.write_bytes(b"p1\n\xff\xfe")
    with pytest.raises(Refusal, match="is no text in UTF-8"):
        products_in(Storage(), str(ids))


def test_retention_takes_an_erasure_that_was_cut_off_and_leaves_the_record(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(name: str) -> None:
        if name == "before_swap":
            raise Crash(name)

    for module in (erasing, published_runs):
        monkeypatch.setattr(module, "crash_point", crash)
    with pytest.raises(Crash):
        shop.erase()
    monkeypatch.undo()
    (cut,) = shop.root.glob("snapshots/*-erase")
    (cut / "_manifest.json").unlink()  # as if it had ended earlier yet
    shop.rows.pop(3)
    shop.night("e")
    done = shop.erase()
    assert not shop.traces()
    assert done["run_id"] != cut.name, "a night was published since"
    assert tables.changes(str(shop.root), since="e")["op"].to_pylist() == ["erase"]
    cleaned = clean_up(Storage(), str(shop.root), keep=1, dry_run=False)
    assert cleaned.kept == [done["run_id"]] and not cleaned.foreign
    assert not cut.exists() and len(list(shop.root.glob("_erasures/*"))) == 1


def test_on_object_storage_an_erased_product_is_in_no_object(shop: Shop, s3: LocalS3) -> None:
    root, storage = "s3://shop/erased", Storage()
    shop.rows.pop(6)
    for title in (WORDS, f"{WORDS} again"):
        shop.rows[3] |= {"title": title, "image": "3.jpg"}
        (shop.folder / "catalogue.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shop.rows))
        night(str(shop.folder / "catalogue.jsonl"), root, None, CONFIG)

    def traces() -> set[str]:
        return {
            uri
            for uri in storage.list(root)
            if any(_is_trace(text) for text in _unpacked(uri.removeprefix(root), storage.read(uri)))
        }

    assert len({uri.split("/")[4] for uri in traces()}) == 4
    done = erase(storage, root, products_of([MARKED], "test"))
    assert not traces()
    assert (done["counts"]["rows"], done["counts"]["pictures"]) == (2, 2)
    assert set(tables.read(root)["product_id"].to_pylist()) == {"p0", "p1", "p2", "p4", "p5"}


def test_shadows_are_erased_from_too_and_one_that_knows_nothing_is_no_success(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shadow = f"{shop.root}/shadows/new"
    night(str(shop.folder / "catalogue.jsonl"), shadow, None, CONFIG)
    words = ["erase", "--output", str(shop.root), "--product"]
    assert maintain.main([*words, "nobody"]) == 2
    assert "knows none of 'nobody'; nothing is erased" in capsys.readouterr().err
    assert maintain.main([*words, MARKED]) == 0
    assert json.loads(capsys.readouterr().out)["shadows"][shadow]["counts"]["rows"] == 1
    assert not shop.traces()
