import pytest
from pydantic import BaseModel, ValidationError

from layoutgen.config.base import ConfigError, Pool, load
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, EvaluateConfig, LayoutsConfig
from layoutgen.config.training import RetrainConfig


def settings(tmp_path, text):
    path = tmp_path / "job.toml"
    path.write_text(text, encoding="utf-8")
    return path


def message(tmp_path, text, kind=LayoutsConfig):
    path = settings(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(kind, path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_a_file_says_replaces_the_default_and_nothing_else(tmp_path):
    config = load(LayoutsConfig, settings(tmp_path, "[run]\nrows_per_shard = 3\n[images.pool]\nsize = 2"))
    assert config.run.rows_per_shard == 3
    assert config.images.pool == Pool(size=2)
    assert config.run.max_failed_fraction == LayoutsConfig().run.max_failed_fraction


def test_an_empty_file_is_the_defaults(tmp_path):
    assert load(LayoutsConfig, settings(tmp_path, "")) == LayoutsConfig()
    assert load(AnnotateConfig, settings(tmp_path, "")) == AnnotateConfig()


def test_an_unknown_key_is_an_error_that_names_it_and_the_known_ones(tmp_path):
    said = message(tmp_path, "[run]\nrows_per_shards = 3")
    assert "unknown key run.rows_per_shards" in said
    assert "rows_per_shard, max_failed_fraction, seed" in said


def test_an_unknown_section_is_an_error_that_names_the_known_ones(tmp_path):
    said = message(tmp_path, "[image]\nside = 3")
    assert "unknown key image;" in said
    assert (
        "run, expect, publish, canary, input, storage, images, load, annotate, compose, style, place, repair, "
        "marketing, protect, cover, serve, render, write" in said
    )


def test_an_unknown_key_deep_inside_is_named_with_its_path(tmp_path):
    said = message(tmp_path, "[images]\npool = { sizes = 3 }")
    assert (
        "unknown key images.pool.sizes; known here: size, min, max, rest_after_s, num_cpus, num_gpus, memory_gb" in said
    )


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ('[run]\nrows_per_shard = "many"', "run.rows_per_shard", "'many'"),
        ("[run]\nrows_per_shard = 0", "run.rows_per_shard", "0"),
        ("[run]\nrows_per_shard = 1.5", "run.rows_per_shard", "1.5"),
        ("[place]\nmin_contrast = 16", "place.min_contrast", "16"),
        ('[compose]\nengine = "gpt"', "compose.engine", "'gpt'"),
        ("[images]\npool = 3", "images.pool", "3"),
        ("run = 3", "run", "3"),
        ("[input]\ncanvases = [3]", "input.canvases.0", "3"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_key_and_value(tmp_path, text, key, value):
    assert f"{key} = {value}: " in message(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[run]\nlog_seconds = true",
            "run.log_seconds = True: true and false are no values here",
        ),
        ("[run]\nseed = false", "run.seed = False: true and false are no values here"),
        ('[storage]\ntimeout_s = "20"', "storage.timeout_s = '20': give a number, without quotes"),
        ("[images]\npool = { size = true }", "images.pool.size = True: true and false"),
        (
            "[input]\ncanvases = [true]",
            "input.canvases = [True]: true and false are no values here; g",
        ),
        (
            "[compose]\nengine = true",
            "compose.engine = True: true and false are no values here; give",
        ),
        ("[run]\nautoscaling = 1", "run.autoscaling = 1: give true or false, without quotes"),
        ('[run]\nautoscaling = "false"', "run.autoscaling = 'false': give true or false"),
        ("[run]\nlog_seconds = inf", "run.log_seconds = inf: "),
        ("[run]\nlease_seconds = nan", "run.lease_seconds = nan: "),
    ],
)
def test_truth_numbers_and_strings_are_not_taken_for_each_other(tmp_path, text, said):
    assert said in message(tmp_path, text)


@pytest.mark.parametrize(
    ("pool", "sizes"),
    [
        ("size = 3", (3, 3, 3)),
        ("min = 2, max = 8", (2, 2, 8)),
        ("max = 8", (1, 1, 8)),
        ("size = 4, max = 8", (4, 4, 8)),
        ("min = 2, size = 4, max = 4", (2, 4, 4)),
        ("min = 3", (3, 3, 3)),
    ],
)
def test_a_pool_begins_with_its_size_and_stays_between_its_least_and_most(tmp_path, pool, sizes):
    found = load(LayoutsConfig, settings(tmp_path, f"[images]\npool = {{ {pool} }}")).images.pool
    assert (found.least, found.size, found.most) == sizes
    assert Pool.model_validate(found.model_dump()) == found
    assert found.breathes == (sizes[0] < sizes[2])


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("min = 4, max = 2", "size = 4 is not between min = 4 and max = 2"),
        ("size = 9, max = 2", "size = 9 is not between min = 9 and max = 2"),
        ("min = 2, size = 1, max = 3", "size = 1 is not between min = 2 and max = 3"),
        ("min = -1", "images.pool.size = -1"),
        ("max = true", "images.pool.max = True: true and false are no values here"),
        ("min = true", "images.pool.min = True: true and false are no values here"),
        ('min = "2"', "images.pool.min = '2': give a number, without quotes"),
    ],
)
def test_a_pool_whose_sizes_contradict_each_other_is_refused(tmp_path, pool, said):
    assert said in message(tmp_path, f"[images]\npool = {{ {pool} }}")


@pytest.mark.parametrize("kind", [LayoutsConfig, AnnotateConfig, CoversConfig, EvaluateConfig, RetrainConfig])
def test_no_number_in_any_settings_takes_true(kind):
    def sections(model, path=()):
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                yield from sections(field.annotation, (*path, name))
            elif field.annotation in (int, float):
                yield (*path, name)

    paths = list(sections(kind))
    assert len(paths) > 10
    for path in paths:
        values = True
        for name in reversed(path):
            values = {name: values}
        with pytest.raises(ValidationError, match="true and false are no values here; give a number"):
            kind.model_validate(values)


def test_no_canvas_at_all_is_an_error(tmp_path):
    assert "input.canvases = []: give at least one canvas" in message(tmp_path, "[input]\ncanvases = []")


def test_a_learned_composer_needs_its_model(tmp_path):
    assert "compose.model" in message(tmp_path, '[compose]\nengine = "qwen_vl"')


def test_a_file_that_is_not_there_is_an_error_with_the_mend(tmp_path):
    with pytest.raises(ConfigError, match=r"no config file at .*none\.toml; give another with --config"):
        load(LayoutsConfig, tmp_path / "none.toml")


def test_a_folder_is_no_config_file(tmp_path):
    with pytest.raises(ConfigError, match="can't be read"):
        load(LayoutsConfig, tmp_path)


@pytest.mark.parametrize("data", [b"[run", b"\xff\xfe\x00", b"seed = = 1"])
def test_what_is_not_toml_is_an_error_that_names_the_file(tmp_path, data):
    path = tmp_path / "job.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"job\.toml is not TOML"):
        load(LayoutsConfig, path)


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        LayoutsConfig().run.seed = 3


def test_vllm_keeps_no_deadline(tmp_path):
    told = '[compose]\nengine = "qwen_vl"\nmodel = "x"\ndecoder = "vllm"\ndeadline_s = 5'
    assert "decoder 'vllm' keeps no deadline; set deadline_s = 0" in message(tmp_path, told)


def test_a_model_is_parted_among_gpus_by_vllm_alone(tmp_path):
    told = '[compose]\nengine = "qwen_vl"\nmodel = "x"\ndecoder = "loop"\npool = { num_gpus = GPUS }'
    said = message(tmp_path, told.replace("GPUS", "2"))
    assert "decoder 'loop' answers on one GPU and an actor of compose reserves 2: set decoder = 'vllm'" in said
    assert load(LayoutsConfig, settings(tmp_path, told.replace("GPUS", "0.5"))).compose.pool.num_gpus == 0.5
    parted = told.replace("loop", "vllm").replace("GPUS", "2")
    assert load(LayoutsConfig, settings(tmp_path, parted)).compose.asking.num_gpus == 2


def test_a_pool_that_may_have_no_actor_says_how_many_it_may_have(tmp_path):
    rests = load(LayoutsConfig, settings(tmp_path, "[compose]\npool = { min = 0, max = 8 }")).compose.pool
    assert (rests.size, rests.least, rests.most, rests.place, rests.breathes) == (0, 0, 8, 1, True)
    for none in ("min = 0, size = 0", "size = 0", "min = 0"):
        said = message(tmp_path, f"[compose]\npool = {{ {none} }}")
        assert "a pool of no actors does nothing: give size, or min = 0 with max" in said


def test_a_second_opinion_is_by_another_finder_than_the_one_that_covers_are_placed_by(tmp_path):
    said = message(tmp_path, '[protect]\nopinion = "net"', CoversConfig)
    assert "protect.opinion = 'net' is the finder that covers are placed by" in said
    by_border = load(CoversConfig, settings(tmp_path, '[protect.saliency]\nmodel = "border"')).protect.second
    second = CoversConfig().protect.second
    assert second and by_border and (second.model, by_border.model) == ("border", "net")
    assert load(CoversConfig, settings(tmp_path, '[protect]\nopinion = ""')).protect.second is None


def test_a_cover_has_no_variants(tmp_path):
    assert "a cover has one layout; leave it 1" in message(tmp_path, "[style]\nvariants = 2", CoversConfig)
