"""What shapes a row changes its fingerprint, and what does not, does not: every setting and every file is in one of the
tables here, so that a new setting has to be put into one."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from layoutgen.config.base import Pool
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.stages import (
    AnnotateSettings,
    ComposeSettings,
    PlaceSettings,
    ProtectSettings,
    RenderSettings,
    SaliencySettings,
)
from layoutgen.core.covers.protection import SAFE_ZONES
from layoutgen.core.errors import AbsentError
from layoutgen.io.storage import Storage
from layoutgen.models.building import libraries, styles
from layoutgen.models.building import versions as building_versions
from layoutgen.models.building.versions import (
    cover_versions,
    faces_version,
    own_fonts,
    recipes,
    rendered,
    row_versions,
    saliency_version,
    versions_by_application,
)
from layoutgen.models.vlm.tiny import build_adapter, build_checkpoint
from layoutgen.models.weights import identity, local
from tests.models.fonts import block_font

PICTURES = RenderSettings(formats=("webp",), max_kb=500)
LAYOUTS = {
    "rules": LayoutsConfig(render=PICTURES),
    "qwen_vl": LayoutsConfig(compose=ComposeSettings(engine="qwen_vl", model="embedded", candidates=2)),
    "greedy": LayoutsConfig(compose=ComposeSettings(engine="qwen_vl", model="embedded")),
    "radm": LayoutsConfig(compose=ComposeSettings(engine="radm", model="embedded")),
    "ensemble": LayoutsConfig(compose=ComposeSettings(engine="ensemble")),
    "reads": LayoutsConfig(annotate=AnnotateSettings(engine="internvl", model="embedded")),
}
COVERS = {
    "covers": CoversConfig(render=PICTURES),
    "points": CoversConfig(protect=ProtectSettings(engine="vlm", model="embedded")),
}
ANY = {*LAYOUTS, *COVERS}
DRAWN = {"rules", "covers"}
ASKS, ASKED, POINTS = {"qwen_vl", "greedy"}, {"reads"}, {"points"}

# Field: another value, and in which of the jobs above it changes which stage's version.
SHAPES: dict[str, tuple[Any, dict[str, set[str]]]] = {
    "run.seed": (1, {"compose": {"qwen_vl", "radm"}}),
    "images.side": (500, {"fetch": ANY}),
    "images.min_side": (20, {"fetch": ANY}),
    "images.max_pixels": (1000, {"fetch": ANY}),
    "images.max_bytes": (1000, {"fetch": ANY}),
    "images.jpeg_quality": (80, {"fetch": ANY}),
    "annotate.engine": ("none", {"annotate": {*LAYOUTS}}),
    "annotate.model": ("embedded/radm", {"annotate": ASKED}),
    "annotate.adapter": ("embedded/radm", {"annotate": ASKED}),
    "annotate.decoder": ("vllm", {"annotate": ASKED}),
    "annotate.dtype": ("bfloat16", {"annotate": ASKED}),
    "annotate.int8": (True, {"annotate": ASKED}),
    "annotate.image_side": (448, {"annotate": ASKED}),
    "annotate.max_new_tokens": (99, {"annotate": ASKED}),
    "annotate.saliency.model": ("border", {"annotate": {*LAYOUTS}}),
    "annotate.saliency.format": ("isnet", {}),  # of a file alone: below
    "compose.engine": (
        "layout_image",
        {"compose": {*LAYOUTS}, "place": {"rules", "ensemble", "reads"}},
    ),  # models are mended
    "compose.members": (("radm",), {"compose": {"ensemble"}, "place": {"ensemble"}}),
    "compose.model": ("embedded/layout_image", {"compose": {*ASKS, "radm"}}),
    "compose.adapter": ("embedded/radm", {"compose": ASKS}),
    "compose.decoder": ("vllm", {"compose": ASKS}),
    "compose.dtype": ("bfloat16", {"compose": ASKS}),
    "compose.int8": (True, {"compose": ASKS}),
    "compose.image_side": (448, {"compose": ASKS}),
    "compose.max_new_tokens": (99, {"compose": ASKS}),
    "compose.candidates": (3, {"compose": {*ASKS, "radm"}}),
    "compose.temperature": (0.5, {"compose": {"qwen_vl"}}),
    "compose.steps": (3, {"compose": {"radm"}}),
    "place.min_font": (0.05, {"compose": {"rules", "reads", "qwen_vl", "ensemble"}, "place": ANY}),
    "place.margin": (0.05, {"compose": {"rules", "reads", "qwen_vl", "ensemble"}, "place": ANY}),
    "place.min_contrast": (3.0, {"compose": {"qwen_vl", "ensemble"}, "place": ANY}),
    "place.regular_font": ("brand.ttf", {"compose": {*LAYOUTS}, "place": ANY, "render": DRAWN}),
    "place.bold_font": ("brand.ttf", {"compose": {*LAYOUTS}, "place": ANY, "render": DRAWN}),
    "place.emoji_font": ("brand.ttf", {"compose": {*LAYOUTS}, "place": ANY, "render": DRAWN}),
    "repair.rounds": (0, {"place": {*LAYOUTS}}),
    "repair.candidates": (9, {"place": {*LAYOUTS}}),
    "repair.above": (0.1, {"place": {*LAYOUTS}}),
    "repair.anew": (False, {"place": {*LAYOUTS}}),
    "serve.variants": (True, {"place": {*LAYOUTS}}),
    "render.formats": (("png", "webp"), {"render": ANY}),
    "render.quality": (90, {"render": DRAWN}),
    "render.max_kb": (20.0, {"render": DRAWN}),
    "render.least_quality": (20, {"render": DRAWN}),
    "place.words": ("words.txt", {"compose": {*LAYOUTS}, "place": ANY}),
    "style.use": ("plain", {"compose": {*LAYOUTS}, "place": ANY}),
    "style.allowed": (("plain",), {"compose": {*LAYOUTS}, "place": ANY}),
    "style.paths": ("own.toml", {"compose": {*LAYOUTS}, "place": ANY}),
    "style.by_category": ({"Shoes": "plain"}, {"compose": {*LAYOUTS}, "place": ANY}),
    "style.by_brand": ({"VALE": "plain"}, {"compose": {*LAYOUTS}, "place": ANY}),
    "place.max_font": (0.1, {"place": {*COVERS}}),
    "place.most_covered": (0.5, {"place": {*COVERS}}),
    "place.most_cut": (0.5, {"place": {*COVERS}}),
    "place.most_on_subject": (0.5, {"place": {*COVERS}}),
    "protect.engine": ("none", {"annotate": {*COVERS}}),
    "protect.model": ("embedded/radm", {"annotate": POINTS}),
    "protect.adapter": ("embedded/radm", {"annotate": POINTS}),
    "protect.decoder": ("vllm", {"annotate": POINTS}),
    "protect.dtype": ("bfloat16", {"annotate": POINTS}),
    "protect.int8": (True, {"annotate": POINTS}),
    "protect.image_side": (448, {"annotate": POINTS}),
    "protect.max_new_tokens": (99, {"annotate": POINTS}),
    "protect.saliency.model": ("border", {"annotate": {*COVERS}, "place": {*COVERS}}),
    "protect.opinion": ("", {"place": {*COVERS}}),
    "protect.saliency.format": ("isnet", {}),
    "protect.faces": ("", {"annotate": {*COVERS}}),
    "protect.zones": ({}, {"place": {*COVERS}}),
}

# Of the mixed job, jobs.layouts: another value, and which stages' versions it changes for the rows of one application.
ROUTED: dict[str, tuple[Any, str, set[str]]] = {
    "protect.engine": ("none", "video_cover", {"annotate"}),
    "protect.faces": ("", "video_cover", {"annotate"}),
    "protect.zones": ({}, "video_cover", {"place"}),
    "cover.min_font": (0.05, "video_cover", {"place"}),
    "cover.max_font": (0.1, "video_cover", {"place"}),
    "cover.margin": (0.1, "video_cover", {"place"}),
    "cover.min_contrast": (3.0, "video_cover", {"place"}),
    "cover.most_covered": (0.5, "video_cover", {"place"}),
    "cover.most_cut": (0.5, "video_cover", {"place"}),
    "cover.most_on_subject": (0.5, "video_cover", {"place"}),
    "cover.regular_font": ("brand.ttf", "video_cover", {"place"}),
    "cover.bold_font": ("brand.ttf", "video_cover", {"place"}),
    "cover.emoji_font": ("brand.ttf", "video_cover", {"place"}),
    "cover.words": ("words.txt", "video_cover", {"place"}),
    "cover.canvases": (("1:1",), "video_cover", set()),
    "marketing.first": (("price",), "marketing", {"compose"}),
    "marketing.zones": ({"1:1": {"badge": (0, 0, 0.2, 0.2)}}, "marketing", {"compose", "place"}),
    "marketing.canvases": (("1:1",), "marketing", set()),
}

ASKING = ("annotate", "compose", "protect")

# How the work is done, not what comes out: another value changes no version.
NEUTRAL = {
    *(
        "run.rows_per_shard",
        "run.max_failed_fraction",
        "run.ray_address",
        "run.pools",
        "run.autoscaling",
        "run.lease_seconds",
        "images.ahead_mb",
    ),
    *("run.breaker_rows", "run.breaker_fraction", "run.dollars_per_hour", "run.log_seconds", "run.stale_days"),
    *("publish.iceberg", "publish.delta", "publish.lineage", "publish.partition_by"),
    *("expect.min_rows", "expect.max_dead_letters", "expect.max_stale_fraction", "expect.drift_confidence"),
    *("run.nodes", "run.max_deleted_fraction", "run.shard_mb", "run.priority", "canary.settings", "canary.share"),
    *("storage.endpoint_url", "storage.attempts", "storage.timeout_s", "storage.concurrency"),
    *("storage.addressing", "storage.web_prefixes"),
    "style.brands",  # rows of a kit's brand alone, by `Versions.kits`: tests/pipeline/test_brand_kits.py
    *("write.compression", "compose.registry", "style.registry", "protect.threads", "annotate.threads"),
    *(f"{part}.saliency.threads" for part in ("annotate", "protect")),
    # Which variants are served is said anew of every row, every night: tests/pipeline/test_tastes.py.
    *(f"serve.{name}" for name in ("head", "registry", "canary", "canary_share", "explore", "draws")),
    *(f"{part}.{name}" for part in ASKING for name in ("cache", "device", "batch", "prompt_tokens")),
    # Rows that end by a deadline are dead letters, which are always computed again.
    *(f"{part}.deadline_s" for part in ASKING),
    *(
        f"{part}.{name}"
        for part in (
            "images.pool",
            "load.pool",
            "annotate.pool",
            "annotate.ground",
            "compose.pool",
            "compose.prepare",
            "protect.point",
            "place.pool",
        )
        for name in Pool.model_fields
    ),
    *(f"{part}.pool.{name}" for part in ("write", "protect", "cover", "render") for name in Pool.model_fields),
}

# What they do stands in the planned row's own columns, which are compared as they are.
PLANNED = {"input.canvases", "input.short_side", "input.allowed_prefixes", "input.application", "input.empty_words"}
PLANNED |= {"input.delimiter", "input.encoding", "input.rename", "style.variants", "style.layout"}


def fields(model: type[BaseModel] | BaseModel, before: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in (model if isinstance(model, type) else type(model)).model_fields.items():
        inner = field.annotation
        is_section = isinstance(inner, type) and issubclass(inner, BaseModel)
        found |= fields(inner, f"{before}{name}.") if is_section else {f"{before}{name}"}
    return found


def having(settings: BaseModel, path: str, value: Any) -> Any:
    first, _, rest = path.partition(".")
    return settings.model_copy(update={first: having(getattr(settings, first), rest, value) if rest else value})


def value_at(settings: Any, path: str) -> Any:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


def other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int | float) else f"{value}x"


def on_disk(value: Any, folder: Path) -> Any:
    """A setting's value; a file that it names is made."""
    if value == "brand.ttf":
        return str(block_font(folder / value))
    if value == "words.txt":
        (folder / value).write_text("山野集\n", encoding="utf-8")
        return str(folder / value)
    if value == "own.toml":
        (folder / value).write_text('title = "Own"\ndescription = "Ours."\n', encoding="utf-8")
        return (str(folder / value),)
    return value


def versions(config: Any) -> dict[str, Any]:
    dressed = styles.version(styles.wardrobe(config.style, Storage()))
    if isinstance(config, CoversConfig):
        found = cover_versions(config.images, config.protect, config.place, dressed)
    else:
        shared = (config.images, config.annotate, config.compose, config.place, config.run.seed)
        found = row_versions(*shared, dressed, config.repair, featured=config.serve.variants)
    return vars(rendered({"row": found}, recipes(config.render, own_fonts(config.place)))["row"])


def changes(config: Any, path: str, value: Any) -> set[str]:
    before, after = versions(config), versions(having(config, path, value))
    return {name for name in before if before[name] != after[name]}


JOBS = [(name, config, path) for name, config in (LAYOUTS | COVERS).items() for path in sorted(fields(config))]


def test_every_setting_is_known_to_shape_rows_or_not_to():
    known = [*SHAPES, *NEUTRAL, *PLANNED, *(ROUTED.keys() - SHAPES)]
    assert len(known) == len(set(known))
    assert set(known) == fields(LayoutsConfig) | fields(AnnotateConfig) | fields(CoversConfig)


@pytest.mark.parametrize("name", sorted(ANY))
def test_a_setting_changes_the_versions_of_the_stages_that_it_shapes_and_no_others(name, tmp_path):
    config = (LAYOUTS | COVERS)[name]
    for path in sorted(fields(config)):
        if path in SHAPES:
            value, where = SHAPES[path]
            value = on_disk(value, tmp_path)
            expected = {stage for stage, jobs in where.items() if name in jobs}
        elif path in ROUTED:
            continue
        else:
            value, expected = other(value_at(config, path)), set()
        assert changes(config, path, value) == expected, path


@pytest.mark.parametrize("path", sorted(ROUTED))
def test_a_setting_of_one_application_leaves_the_rows_of_others_as_they_are(path, tmp_path):
    value, application, stages = ROUTED[path]
    value = on_disk(value, tmp_path)
    before, after = (versions_by_application(one) for one in (LayoutsConfig(), having(LayoutsConfig(), path, value)))
    found = {name: {s for s in vars(one) if vars(one)[s] != vars(after[name])[s]} for name, one in before.items()}
    assert found == {name: stages if name == application else set() for name in before}


def test_covers_of_the_mixed_job_are_those_of_jobs_covers_and_posters_those_of_before():
    config = LayoutsConfig()
    dressed = styles.version(styles.wardrobe(config.style, Storage()))
    found = versions_by_application(config, dressed)
    assert found["video_cover"] == cover_versions(config.images, config.protect, CoversConfig().place, dressed)
    assert vars(found["poster"]) == vars(found["marketing"]) == versions(config)


def test_annotations_alone_have_the_layouts_keys():
    config = LAYOUTS["reads"]
    alone = row_versions(config.images, config.annotate, None, None)
    assert (alone.fetch, alone.annotate) == (versions(config)["fetch"], versions(config)["annotate"])


@pytest.mark.parametrize(("key", "stages"), [("measure", {"compose", "place", "render"}), ("ocr", {"annotate"})])
def test_another_release_of_a_library_counts_where_it_makes_part_of_the_row(monkeypatch, key, stages):
    config = LAYOUTS["rules"]
    before = versions(config)
    monkeypatch.setattr(
        building_versions, "release", lambda name: f"next {name}" if name == key else libraries.release(name)
    )
    after = versions(config)
    assert {name for name in before if before[name] != after[name]} == stages


@pytest.mark.parametrize("key", sorted(libraries.LIBRARIES))
def test_a_release_names_the_library(key):
    assert libraries.release(key).startswith(libraries.LIBRARIES[key])


# Files: another with the same name, size and time is another; the same elsewhere is the same.


def replace_keeping_size_and_time(file: Path, data: bytes) -> None:
    import os

    before = file.stat()
    assert len(data) == before.st_size
    file.write_bytes(data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def flipped(file: Path) -> bytes:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    return bytes(data)


@pytest.mark.parametrize("setting", ["bold_font", "regular_font", "emoji_font"])
def test_a_font_counts_by_its_bytes(tmp_path, setting):
    font = block_font(tmp_path / "brand.ttf")
    config = LayoutsConfig(place=PlaceSettings(**{setting: str(font)}))
    before = versions(config)
    moved = shutil.copy(font, (tmp_path / "elsewhere").mkdir() or tmp_path / "elsewhere" / "brand.ttf")
    assert versions(LayoutsConfig(place=PlaceSettings(**{setting: str(moved)}))) == before
    replace_keeping_size_and_time(font, flipped(font))
    assert {name for name, version in versions(config).items() if version != before[name]} == {"compose", "place"}


def test_words_of_the_user_count_by_their_bytes_and_are_looked_at_before_a_run(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("山野集\n", encoding="utf-8")
    config = LayoutsConfig(place=PlaceSettings(words=str(file)))
    before = versions(config)
    assert versions(LayoutsConfig(place=PlaceSettings(words=str(shutil.copy(file, tmp_path / "again.txt"))))) == before
    file.write_text("山野集\n敏感肌\n", encoding="utf-8")
    assert {name for name, version in versions(config).items() if version != before[name]} == {"compose", "place"}
    file.write_bytes("山野集".encode("gb18030"))
    with pytest.raises(ValueError, match="not UTF-8 in line 1"):
        versions(config)


def test_a_subject_finder_counts_by_its_bytes_and_form(tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(b"weights of today")
    before = saliency_version(SaliencySettings(model=str(file)), "annotate")
    assert (
        saliency_version(SaliencySettings(model=str(shutil.copy(file, tmp_path / "again.onnx"))), "annotate") == before
    )
    assert saliency_version(SaliencySettings(model=str(file), format="isnet"), "annotate") != before
    replace_keeping_size_and_time(file, b"weights of todaX")
    assert saliency_version(SaliencySettings(model=str(file)), "annotate") != before


def test_a_second_finder_that_is_not_there_is_named_by_its_setting(tmp_path):
    config = CoversConfig(protect=ProtectSettings(opinion=str(tmp_path / "gone.onnx")))
    with pytest.raises(AbsentError, match=r"protect\.opinion = .*gone\.onnx' can't be read"):
        versions(config)


def test_a_face_detector_counts_by_its_bytes(tmp_path):
    file = tmp_path / "yunet.onnx"
    file.write_bytes(b"weights of today")
    before = faces_version(ProtectSettings(faces=str(file)))
    replace_keeping_size_and_time(file, b"weights of todaX")
    assert faces_version(ProtectSettings(faces=str(file))) != before


def test_the_shipped_zones_written_out_are_the_shipped_zones():
    zones = {ratio: {zone.name: zone.box for zone in named} for ratio, named in SAFE_ZONES.items()}
    written = CoversConfig(protect=ProtectSettings(zones=zones))
    assert versions(written) == versions(CoversConfig())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    build_adapter(build_checkpoint("qwen2_5_vl", folder / "base"), folder / "adapter", max_side=112)
    return folder


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.json",
     "preprocessor_config.json"],
)  # fmt: skip
def test_every_file_that_a_model_answers_by_counts_by_its_bytes(tiny, tmp_path, name):
    folder = shutil.copytree(tiny / "base", tmp_path / "base")
    before = identity(str(folder))
    assert before == identity(str(tiny / "base"))
    replace_keeping_size_and_time(folder / name, flipped(folder / name))
    assert identity(str(folder)) != before


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
def test_every_file_of_an_adapter_that_shapes_answers_counts(tiny, tmp_path, name):
    folder = shutil.copytree(tiny / "adapter", tmp_path / "adapter")
    before = identity(str(folder))
    (folder / "README.md").write_text("how it was trained")
    assert identity(str(folder)) == before
    replace_keeping_size_and_time(folder / name, flipped(folder / name))
    assert identity(str(folder)) != before


def test_the_embedded_model_counts_by_its_bytes_and_not_by_its_name():
    assert identity("embedded") == identity(str(local("embedded"))) != identity("embedded/radm")
