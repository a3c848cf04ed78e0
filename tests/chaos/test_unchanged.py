"""Which rows a night computes again: those that would come out otherwise, and no others."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.fingerprint import MOST_IMAGES
from layoutgen.imaging import drawing, faces, fonts
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.building import composers
from tests.budget import examples
from tests.chaos.nights import VOLATILE
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo
from tests.models.fonts import block_font

pytestmark = pytest.mark.slow

BROKEN = b"no picture"


def put(file: Path, seed: int | None) -> None:
    """Let a file be photo `seed`; broken at -1, gone at None."""
    if seed is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(BROKEN if seed < 0 else encoded(photo(60, 80, seed=seed)))


def manifest(folder: Path, **product: Any) -> str:
    path = folder / "catalogue.jsonl"
    path.write_text(json.dumps({"product_id": "p", "title": "Vase 20 cm, blue", **product}))
    return str(path)


def rows(output: Path) -> list[dict[str, Any]]:
    table = published_runs.read(Storage(), str(output), published_runs.current(Storage(), str(output)), "snapshots")
    return [{name: value for name, value in row.items() if name not in VOLATILE} for row in table.to_pylist()]


@pytest.mark.parametrize(
    ("images", "logo"),
    [
        ([0] * (MOST_IMAGES + 1), None),
        ([0] * MOST_IMAGES + [None], None),
        ([0, None], None),
        ([None, 0], None),
        ([0, -1], None),
        ([0], None),
        ([0], -1),
        ([0], 1),
    ],
)
def test_a_night_without_changes_computes_nothing(tmp_path: Path, images: list[int | None], logo: int | None) -> None:
    for number, seed in enumerate(images):
        put(tmp_path / f"{number}.jpg", seed)
    put(tmp_path / "logo.png", logo)
    path = manifest(tmp_path, images=[f"{number}.jpg" for number in range(len(images))], logo="logo.png")
    assert [night(path, str(tmp_path / "out"))["unchanged"] for _ in range(3)] == [0, 1, 1]


def test_too_large_an_image_is_no_change_either(tmp_path: Path) -> None:
    put(tmp_path / "0.jpg", 0)
    (tmp_path / "1.jpg").write_bytes(b"x" * 200_000)
    path = manifest(tmp_path, images=["0.jpg", "1.jpg"])
    small = SETTINGS.model_copy(update={"images": SETTINGS.images.model_copy(update={"max_bytes": 100_000})})
    assert [night(path, str(tmp_path / "out"), config=small)["unchanged"] for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("before", [None, -1])
def test_a_further_image_or_a_logo_that_was_mended_is_noticed(tmp_path: Path, before: int | None) -> None:
    path = manifest(tmp_path, images=["0.jpg", "1.jpg"], logo="logo.png")
    put(tmp_path / "0.jpg", 0)
    for name in ("1.jpg", "logo.png"):
        put(tmp_path / name, before)
    night(path, str(tmp_path / "out"))
    for name in ("1.jpg", "logo.png"):
        put(tmp_path / name, 2)
        assert night(path, str(tmp_path / "out"))["computed"] == 1
    (row,) = rows(tmp_path / "out")
    assert not row["notes"]


def test_copy_that_needs_no_cleaning_any_more_loses_its_note(tmp_path: Path) -> None:
    put(tmp_path / "0.jpg", 0)
    counts = []
    for title in ("Salt &amp; pepper", "Salt &amp; pepper", "Salt & pepper"):
        counts.append(night(manifest(tmp_path, image="0.jpg", title=title), str(tmp_path / "out"))["computed"])
    (row,) = rows(tmp_path / "out")
    assert (counts, row["title"], row["notes"]) == ([1, 0, 1], "Salt & pepper", [])


def with_font(font: Path, seed: int = 0, margin: float = 0.045, engine: str = "rules") -> LayoutsConfig:
    model = {} if engine == "rules" else {"model": "embedded", "steps": 1}
    return LayoutsConfig.model_validate(
        SETTINGS.model_dump()
        | {
            "run": SETTINGS.run.model_dump() | {"seed": seed},
            "compose": {"engine": engine, **model},
            "place": {"margin": margin, "bold_font": str(font)},
        }
    )


def real(path: str, output: Path, config: LayoutsConfig, **more: Any) -> dict[str, Any]:
    return night(path, str(output), config=config, composer=composers.composer, **more)


def test_another_seed_computes_anew_what_is_drawn_and_never_mixes_with_a_run_cut_off(tmp_path: Path) -> None:
    for number in range(2):
        put(tmp_path / f"{number}.jpg", number)
    path = tmp_path / "catalogue.jsonl"
    lines = [{"product_id": f"p{n}", "title": "Vase", "image": f"{n % 2}.jpg"} for n in range(6)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    font = block_font(tmp_path / "brand.ttf")

    def cut(name: str) -> bool:
        passed.append(name)
        return name == "before_publish"

    passed: list[str] = []
    with pytest.raises(Crash):
        real(str(path), tmp_path / "out", with_font(font, 1, engine="radm"), crash_at=cut)
    real(str(path), tmp_path / "out", with_font(font, 2, engine="radm"))
    real(str(path), tmp_path / "fresh", with_font(font, 2, engine="radm"))
    assert rows(tmp_path / "out") == rows(tmp_path / "fresh")
    assert {row["seed"] for row in rows(tmp_path / "out")} == {2}
    assert real(str(path), tmp_path / "out", with_font(font, 2, engine="radm"))["computed"] == 0


EDITS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["0.jpg", "1.jpg", "9.jpg", "logo.png"]), st.sampled_from([None, -1, 0, 1])),
        st.tuples(st.just("font"), st.sampled_from([400, 600, 1100])),
        st.tuples(st.just("seed"), st.integers(0, 3)),
        st.tuples(st.just("margin"), st.sampled_from([0.02, 0.045, 0.1])),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(2, soak=20), suppress_health_check=[HealthCheck.too_slow])
@given(EDITS)
def test_after_any_edits_of_settings_and_files_the_table_is_that_from_scratch(edits: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = manifest(folder, images=[f"{number}.jpg" for number in range(10)], logo="logo.png")
        for file in (*(f"{number}.jpg" for number in range(10)), "logo.png"):
            put(folder / file, 3)
        how: dict[str, Any] = {"seed": 0, "margin": 0.045}
        font = block_font(folder / "brand.ttf")
        for number, (what, value) in enumerate([("seed", 0), *edits]):
            if what in how:
                how[what] = value
            elif what == "font":
                block_font(font, width=value)
                for cache in (fonts.face, fonts._names, fonts.typeface, faces.open_face, faces._face, drawing._shaped):
                    cache.cache_clear()  # each night is a process of its own
            else:
                put(folder / what, value)
            real(path, folder / "out", with_font(font, **how))
            real(path, folder / f"fresh-{number}", with_font(font, **how))
            assert rows(folder / "out") == rows(folder / f"fresh-{number}")
            assert real(path, folder / "out", with_font(font, **how))["computed"] == 0
