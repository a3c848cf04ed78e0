"""The cluster's files agree with each other, with Ray's own schemas and with this project's versions."""

import ast
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zoneinfo
from functools import cache
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import ray
import yaml
from packaging.requirements import Requirement
from ray._private import ray_constants
from ray.autoscaler import _private as autoscaler
from ray.job_submission import JobStatus
from ray.runtime_env import RuntimeEnv

from layoutgen.cluster import fit
from layoutgen.config.base import Node, Pool, load
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, EvaluateConfig, LayoutsConfig, RenderConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.config.training import ExamplesConfig, RetrainConfig

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "cluster"
KINDS = {
    "raycluster": "RayCluster",
    "rayjob": "RayJob",
    "raycronjob": "RayCronJob",
    "retraining-rayjob": "RayJob",
    "retraining-raycronjob": "RayCronJob",
}
JOBS = {"rayjob": "raycronjob", "retraining-rayjob": "retraining-raycronjob"}
"""Each job that runs once, and the one that runs it by the clock."""
SETTINGS = {
    "layouts": LayoutsConfig,
    "covers": CoversConfig,
    "annotate": AnnotateConfig,
    "evaluate": EvaluateConfig,
    "examples": ExamplesConfig,
    "render": RenderConfig,
    "retrain": RetrainConfig,
    "posters": PostersConfig,
}
"""What a job's settings for the cluster are read into."""
UNITS = {"": 1, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

Yaml = dict[str, Any]


def read(name: str) -> Yaml:
    parsed: Yaml = yaml.safe_load((CLUSTER / f"{name}.yaml").read_text(encoding="utf-8"))
    return parsed


def cluster_spec(name: str) -> Yaml:
    spec: Yaml = read(name)["spec"]
    for key in ("jobTemplate", "rayClusterSpec"):
        spec = spec.get(key, spec)
    return spec


def groups() -> dict[str, Yaml]:
    spec = cluster_spec("raycluster")
    return {"head": spec["headGroupSpec"]} | {group["groupName"]: group for group in spec["workerGroupSpecs"]}


def container(group: Yaml) -> Yaml:
    (only,) = group["template"]["spec"]["containers"]
    return dict(only)


def quantity(text: str) -> float:
    found = re.fullmatch(r"([0-9.]+)(m|[KMGT]i)?", text)
    assert found, f"{text!r} is no Kubernetes quantity that these manifests use"
    return float(found[1]) * UNITS[found[2] or ""]


@cache
def project() -> Yaml:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@cache
def help_of(*command: str) -> str:
    asked = [str(Path(sys.executable).with_name("ray")), *command, "--help"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


# The manifests


@pytest.mark.parametrize("name", KINDS)
def test_a_manifest_is_of_its_kind(name: str) -> None:
    manifest = read(name)
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", KINDS[name])
    assert set(manifest["metadata"]) & {"name", "generateName"}


@pytest.mark.parametrize("name", JOBS)
def test_the_manifests_describe_one_cluster_and_a_jobs_two_manifests_one_job(name: str) -> None:
    assert cluster_spec(name) == cluster_spec("raycluster")
    assert read(JOBS[name])["spec"]["jobTemplate"] == read(name)["spec"]


@pytest.mark.parametrize(("name", "when"), [("raycronjob", r"\*"), ("retraining-raycronjob", "[0-6]")])
def test_a_cron_job_has_only_fields_that_the_resource_has(name: str, when: str) -> None:
    spec = read(name)["spec"]
    assert set(spec) <= {"schedule", "timeZone", "suspend", "jobTemplate"}, "unknown fields are dropped in silence"
    assert spec["timeZone"] in zoneinfo.available_timezones()
    assert re.fullmatch(rf"\d+ \d+ \* \* {when}", spec["schedule"]), "once a day, or once a week"


@pytest.mark.parametrize(("name", "days"), [("rayjob", 1), ("retraining-rayjob", 7)])
def test_a_run_with_all_its_attempts_ends_before_the_next_begins(name: str, days: int) -> None:
    job = read(name)["spec"]
    assert job["activeDeadlineSeconds"] * (1 + job["backoffLimit"]) < days * 24 * 3600
    assert job["shutdownAfterJobFinishes"] and job["submissionMode"] == "K8sJobMode"


def test_requests_equal_limits_and_volumes_fit_the_disk() -> None:
    for name, group in groups().items():
        resources = container(group)["resources"]
        assert resources["requests"] == resources["limits"], name
        disk = sum(quantity(volume["emptyDir"]["sizeLimit"]) for volume in group["template"]["spec"]["volumes"])
        assert disk <= quantity(resources["limits"]["ephemeral-storage"]), name
        assert all(quantity(resources["limits"][kind]) > 0 for kind in ("cpu", "memory")), name


def test_every_mount_has_its_volume_and_ray_spills_into_one() -> None:
    for name, group in groups().items():
        mounts = {mount["name"]: mount["mountPath"] for mount in container(group)["volumeMounts"]}
        assert set(mounts) == {volume["name"] for volume in group["template"]["spec"]["volumes"]}, name
        assert group["rayStartParams"]["object-spilling-directory"] == mounts["spill"], name


def test_ray_start_knows_every_parameter() -> None:
    known = options(help_of("start"))
    for name, group in groups().items():
        assert {f"--{parameter}" for parameter in group["rayStartParams"]} <= known, name
        assert all(isinstance(value, str) for value in group["rayStartParams"].values()), f"{name}: KubeRay wants text"


def test_the_gpu_group_asks_for_gpus_and_no_other_does() -> None:
    for name, group in groups().items():
        asks = "nvidia.com/gpu" in container(group)["resources"]["limits"]
        tolerates = any(t["key"] == "nvidia.com/gpu" for t in group["template"]["spec"].get("tolerations", ()))
        assert asks == tolerates == name.startswith("gpu"), name


def test_the_cluster_scales_and_nothing_runs_on_the_head() -> None:
    spec = cluster_spec("raycluster")
    assert spec["enableInTreeAutoscaling"] is True
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for group in spec["workerGroupSpecs"]:
        assert 0 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"], group["groupName"]
    for name, group in groups().items():
        assert group["template"]["spec"]["restartPolicy"] == "Never", f"{name}: the v2 autoscaler reuses no pod"


def test_credentials_come_from_one_secret_and_are_written_nowhere() -> None:
    for name, group in groups().items():
        assert container(group)["envFrom"] == [{"secretRef": {"name": "layoutgen-s3"}}], name
    for path in CLUSTER.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"AKIA[0-9A-Z]{16}|SECRET_ACCESS_KEY['\"]?\s*[:=]\s*['\"]?[A-Za-z0-9/+]{8}", text), path


def test_nobody_submits_without_a_token() -> None:
    assert cluster_spec("raycluster")["authOptions"] == {"mode": "token"}
    launcher = read("launcher")
    assert "--env RAY_AUTH_MODE=token" in launcher["docker"]["run_options"]
    assert "/home/ray/.ray/auth_token" in launcher["file_mounts"]
    assert "0.0.0.0" not in " ".join(launcher["head_start_ray_commands"])


def pods() -> list[Node]:
    """The worker groups as settings name nodes; a GPU's memory is what the group's nodes are chosen by."""
    named = []
    for group in cluster_spec("raycluster")["workerGroupSpecs"]:
        limits = container(group)["resources"]["limits"]
        named.append(
            Node(
                cpus=quantity(limits["cpu"]),
                gpus=quantity(limits.get("nvidia.com/gpu", "0")),
                gpu_memory_gb=round(least_gpu_mib(group) / 1024, 1),
                memory_gb=quantity(limits["memory"]) / 2**30,
                most=group["maxReplicas"],
            )
        )
    return named


def least_gpu_mib(group: Yaml) -> int:
    affinity = group["template"]["spec"].get("affinity")
    if affinity is None:
        return 0
    (term,) = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (wanted,) = term["matchExpressions"]
    assert (wanted["key"], wanted["operator"]) == ("nvidia.com/gpu.memory", "Gt")
    return int(*wanted["values"])


def cluster_config(job: str) -> Any:
    return load(SETTINGS[job], ROOT / "jobs" / f"{job}.cluster.toml")


def pools(job: str, config: Any) -> list[list[tuple[str, Pool]]]:
    """A job's pools, those that run at once together."""
    match job:
        case "layouts":
            named = [(name, getattr(config, name).pool) for name in ("load", "images", "annotate", "compose", "place")]
            named += [
                ("write", config.write.pool),
                ("render", config.render.pool),
                ("prepare", config.compose.prepare),
                ("point", config.protect.point),
            ]
            return [named]
        case "posters":
            sections = ("load", "images", "annotate", "cut_out", "plan", "paint", "place", "render", "write")
            return [[(name, getattr(config, name).pool) for name in sections]]
        case "annotate":
            named = [(name, getattr(config, name).pool) for name in ("load", "images", "annotate", "write")]
            return [[*named, ("ground", config.annotate.ground)]]
        case "covers":
            named = [(name, getattr(config, name).pool) for name in ("load", "images", "protect", "place", "write")]
            return [[*named, ("point", config.protect.point), ("render", config.render.pool)]]
        case "evaluate" | "render" | "examples":
            alone = {"evaluate": "score.pool", "render": "render.pool", "examples": "gather"}[job]
            return [[(alone, attrgetter(alone)(config))]]
    workers = config.train.worker.model_copy(update={"size": config.train.workers})
    return [[("train.worker", workers)], [("gate.pool", config.gate.pool)]]


def test_every_settings_file_for_a_cluster_is_of_a_job_here() -> None:
    shipped = {path.name.partition(".")[0] for path in (ROOT / "jobs").glob("*.cluster.toml")}
    assert shipped == set(SETTINGS)


@pytest.mark.parametrize("job", SETTINGS)
def test_the_actors_of_the_shipped_config_fit_the_largest_cluster(job: str) -> None:
    config = cluster_config(job)
    settings = getattr(config, "run", config)
    assert settings.autoscaling and set(settings.nodes) <= set(pods())
    if job in ("layouts", "annotate", "covers", "posters"):
        assert list(settings.nodes) == pods()
    for together in pools(job, config):
        fit(together, autoscaling=True, nodes=settings.nodes)


@pytest.mark.parametrize("job", SETTINGS)
def test_what_computes_on_a_gpu_reserves_one(job: str) -> None:
    config = cluster_config(job)
    for name in ("annotate", "compose", "protect", "gate"):
        section = getattr(config, name, None)
        if section is not None:
            pool = getattr(section, "asking", section.pool)
            assert (section.device == "cuda") == (pool.num_gpus > 0), name


def test_models_are_named_by_what_they_hold_and_adapters_by_the_registry() -> None:
    for job in SETTINGS:
        config = cluster_config(job)
        for name in ("annotate", "compose", "protect", "train"):
            section = getattr(config, name, None)
            model = section.model if section else ""
            assert not model or model.startswith("s3://") or re.search(r"@[0-9a-f]{40}$", model), f"{job}: {name}"
            adapter = getattr(section, "adapter", "")
            assert not adapter or adapter.startswith("registry:"), f"{job}: {name}"


def test_the_nightly_job_serves_what_the_weekly_one_trains() -> None:
    serves, train = cluster_config("layouts").compose, cluster_config("retrain").train
    assert serves.adapter == f"registry:{train.name}"
    assert (serves.model, serves.image_side, serves.dtype) == (train.model, train.image_side, train.dtype)
    assert shlex.split(read("retraining-rayjob")["spec"]["entrypoint"])[-1] == serves.registry


def drain_s(worker: Yaml) -> float:
    """How long Ray lets the actors of a pod that is to go be at work."""
    (named,) = [
        one["value"] for one in container(worker)["env"] if one["name"] == "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"
    ]
    return float(named)


def test_pods_that_are_to_go_end_their_work_before_they_are_killed() -> None:
    assert hasattr(ray_constants, "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"), "Ray knows it by another name"
    for name, group in groups().items():
        if name != "head":
            assert 30 <= drain_s(group) <= group["template"]["spec"]["terminationGracePeriodSeconds"] - 15


@pytest.mark.parametrize("job", ["layouts", "annotate", "covers"])
def test_pools_on_gpus_follow_their_queue_down_to_no_actor_and_their_pods_to_none(job: str) -> None:
    ((*named,),) = pools(job, cluster_config(job))
    on_gpus = {name: pool for name, pool in named if pool.num_gpus}
    assert on_gpus and all(not pool.least and pool.breathes and pool.rest_after_s >= 60 for pool in on_gpus.values())
    (gpus,) = [group for group in cluster_spec("raycluster")["workerGroupSpecs"] if group["groupName"] == "gpu"]
    assert gpus["minReplicas"] == 0
    assert sum(pool.most * pool.num_gpus for pool in on_gpus.values()) <= gpus["maxReplicas"]
    assert any(pool.breathes for _, pool in named if not pool.num_gpus)


# One image, one version


def test_one_image_everywhere_of_this_version_and_the_pinned_ray() -> None:
    images = {container(group)["image"] for group in groups().values()} | {read("launcher")["docker"]["image"]}
    (image,) = images
    version = cluster_spec("raycluster")["rayVersion"]
    assert image == f"layoutgen:{project()['version']}-ray{version}"
    for name in ("Dockerfile", "README.md"):
        assert set(re.findall(r"layoutgen:[\w.-]+", (CLUSTER / name).read_text(encoding="utf-8"))) == {image}, name
    (pinned,) = (r for r in map(Requirement, project()["dependencies"]) if r.name == "ray")
    assert version in pinned.specifier
    assert version == ray.__version__, "the tests run with another Ray than the image"


def test_the_dockerfile_builds_on_that_ray_and_copies_what_is_there() -> None:
    lines = (CLUSTER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert f"ARG RAY_VERSION={cluster_spec('raycluster')['rayVersion']}" in lines
    (base,) = (line for line in lines if line.startswith("FROM "))
    assert re.fullmatch(r"FROM rayproject/ray:\$\{RAY_VERSION\}-py311-cu12\d\$\{BASE_DIGEST\}", base)
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[2:-1]]
    assert {"pyproject.toml", "layoutgen", "jobs", "cluster/requirements.lock", "cluster/retraining.sh"} <= set(copied)
    assert all((ROOT / path).exists() for path in copied)
    assert "layoutgen[vlm]" in project()["optional-dependencies"]["train"], "what the lock is made of"


def test_the_launcher_passes_rays_own_schema() -> None:
    launcher = read("launcher")
    schema = json.loads((Path(autoscaler.__file__).parents[1] / "ray-schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(launcher, schema)
    types = launcher["available_node_types"]
    assert launcher["head_node_type"] in types and types[launcher["head_node_type"]]["resources"]["CPU"] == 0
    workers = {name: kind for name, kind in types.items() if name != launcher["head_node_type"]}
    pods = cluster_spec("raycluster")["workerGroupSpecs"]
    scales = {group["groupName"]: (group["minReplicas"], group["maxReplicas"]) for group in pods}
    assert {name: (kind["min_workers"], kind["max_workers"]) for name, kind in workers.items()} == scales
    assert sum(kind["max_workers"] for kind in workers.values()) == launcher["max_workers"]
    assert workers["gpu"]["resources"]["GPU"] == 1 and "GPU" not in workers["cpu"]["resources"]
    commands = " ".join(launcher["head_start_ray_commands"] + launcher["worker_start_ray_commands"])
    assert options(commands) <= options(help_of("start"))


# Submission


@pytest.fixture
def submitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run submit.sh with a `ray` on PATH that writes down what it was asked, and return that."""
    fake = tmp_path / "ray"
    told = "[os.getcwd(), os.environ['RAY_API_SERVER_ADDRESS'], *sys.argv[1:]]"
    fake.write_text(f"#!{sys.executable}\nimport os, sys\nprint({told})\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    for name in ("RAY_API_SERVER_ADDRESS", "LAYOUTGEN_NO_WAIT", "LAYOUTGEN_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def submit(*arguments: str) -> list[str]:
        done = subprocess.run([str(CLUSTER / "submit.sh"), *arguments], capture_output=True, text=True, check=True)
        return list(ast.literal_eval(done.stdout))

    return submit


def test_submit_is_valid_bash() -> None:
    subprocess.run(["bash", "-n", str(CLUSTER / "submit.sh")], check=True)
    assert os.access(CLUSTER / "submit.sh", os.X_OK)


def test_submit_runs_the_manifests_entrypoint_from_the_projects_root(submitted: Any) -> None:
    folder, address, *command = submitted("s3://shop/catalogue.parquet", "s3://shop/layouts")
    assert (folder, address) == (str(ROOT), "http://127.0.0.1:8265")
    asked, entrypoint = command[: command.index("--")], command[command.index("--") + 1 :]
    assert asked[:2] == ["job", "submit"]
    assert options(" ".join(asked)) <= options(help_of("job", "submit"))
    assert entrypoint == shlex.split(read("rayjob")["spec"]["entrypoint"])


def test_the_entrypoint_is_a_job_of_this_project_and_its_options_exist() -> None:
    python, dash_m, module, *rest = shlex.split(read("rayjob")["spec"]["entrypoint"])
    assert (python, dash_m) == ("python", "-m") and (ROOT / f"{module.replace('.', '/')}.py").exists()
    shown = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {word for word in rest if word.startswith("--")} <= options(shown.stdout)


@pytest.fixture
def retrained(tmp_path: Path) -> Any:
    """Run retraining.sh by its manifest's entrypoint, with a `python` on PATH that writes down which jobs it is asked
    for; `ends` says with which code and output each one ends. Returns the exit code and what was asked."""
    asked = tmp_path / "asked"
    fake = tmp_path / "python"
    fake.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "if sys.argv[1] != '-m':\n    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
        f"with open({str(asked)!r}, 'a') as file:\n    print(json.dumps(sys.argv[2:]), file=file)\n"
        "code, output = json.loads(os.environ['ENDS'])[sys.argv[2]]\n"
        "print(output, end='')\nsys.exit(code)\n"
    )
    fake.chmod(0o755)

    def run(**ends: tuple[int, str]) -> tuple[int, list[list[str]]]:
        told = {f"jobs.{name}": end for name, end in {"annotate": (0, "{}\n"), **ends}.items()}
        script, *arguments = shlex.split(read("retraining-rayjob")["spec"]["entrypoint"])
        local = ROOT / Path(script).relative_to("/opt/layoutgen")
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "ENDS": json.dumps(told)}
        code = subprocess.run([str(local), *arguments], env=environment, capture_output=True, check=False).returncode
        return code, [json.loads(line) for line in asked.read_text().splitlines()]

    return run


SET = (0, '{"data": "s3://shop/sets/1a2b", "examples": 3}\n')


def test_the_weeks_chain_runs_one_job_after_the_other_on_what_the_one_before_made(retrained: Any) -> None:
    code, (annotate, examples, retrain) = retrained(examples=SET, retrain=(0, '{"promoted": true}\n'))
    assert code == 0
    value = {name: words[words.index(name) + 1] for words in (annotate, examples) for name in words if name[:2] == "--"}
    assert annotate[0] == "jobs.annotate" and examples[0] == "jobs.examples" and retrain[0] == "jobs.retrain"
    assert annotate[annotate.index("--output") + 1] == value["--annotations"]
    assert retrain[retrain.index("--data") + 1] == "s3://shop/sets/1a2b"
    for job, words in (("annotate", annotate), ("examples", examples), ("retrain", retrain)):
        assert words[words.index("--config") + 1] == f"jobs/{job}.cluster.toml"
        lines = [(ROOT / "jobs" / f"{name}.py").read_text(encoding="utf-8") for name in (job, "command")]
        assert {word for word in words if word.startswith("--")} <= options("\n".join(lines))


@pytest.mark.parametrize(
    ("ends", "code", "asked"),
    [
        ({"annotate": (1, "")}, 1, 1),
        ({"examples": (2, "")}, 2, 2),
        ({"examples": SET, "retrain": (2, "")}, 2, 3),
        ({"examples": SET, "retrain": (1, "")}, 1, 3),
        ({"examples": SET, "retrain": (1, '{"promoted": false}\n')}, 0, 3),
    ],
)
def test_the_weeks_chain_ends_where_a_job_fails_and_a_verdict_is_no_failure(
    retrained: Any, ends: dict[str, tuple[int, str]], code: int, asked: int
) -> None:
    ended, jobs = retrained(**ends)
    assert (ended, len(jobs)) == (code, asked)


def test_every_submission_has_its_own_id_and_passes_arguments_on(
    submitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYOUTGEN_NO_WAIT", "1")
    monkeypatch.setenv("LAYOUTGEN_CONFIG", "jobs/layouts.toml")
    one, two = (submitted("s3://a b/in.parquet", "s3://out", "--limit", "10") for _ in range(2))
    ids = [command[command.index("--submission-id") + 1] for command in (one, two)]
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"layouts-\d{8}T\d{6}Z-[0-9a-f]{6}", submission) for submission in ids)
    assert "--no-wait" in one[: one.index("--")]
    assert one[-8:-2] == ["--input", "s3://a b/in.parquet", "--output", "s3://out", "--config", "jobs/layouts.toml"]
    assert one[-2:] == ["--limit", "10"]


def test_submit_without_its_arguments_says_how(submitted: Any) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        submitted("s3://only/one")
    assert failure.value.returncode == 2 and "usage: cluster/submit.sh INPUT OUTPUT" in failure.value.stderr


def _outcome(monkeypatch: pytest.MonkeyPatch, answers: list[Any], code: int = 1) -> int:
    """What outcome.py ends with where the cluster answers so, one after the other; an exception is raised."""
    spec = importlib.util.spec_from_file_location("outcome", CLUSTER / "outcome.py")
    assert spec and spec.loader
    outcome = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(outcome)
    left = iter(answers)

    def answer(*_: Any) -> Any:
        if isinstance(found := next(left), Exception):
            raise found
        return found

    monkeypatch.setattr("ray.job_submission.JobSubmissionClient", lambda: SimpleNamespace(get_job_info=answer))
    monkeypatch.setattr(outcome, "ASK_S", -1.0)
    monkeypatch.setattr(outcome.time, "sleep", lambda _: None)
    return int(outcome.wait("layouts-1", code))


def _job(status: str, code: int | None = None, error_type: str | None = None) -> Any:
    return SimpleNamespace(status=JobStatus(status), driver_exit_code=code, error_type=error_type, message="why")


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (_job("SUCCEEDED", 0), 0),
        (_job("FAILED", 1), 1),
        (_job("FAILED", 2), 2),
        (_job("FAILED", -9), 137),
        (_job("STOPPED"), 1),
        (_job("FAILED", error_type="JOB_SUPERVISOR_ACTOR_DIED"), 1),
        (_job("FAILED", error_type="RUNTIME_ENV_SETUP_FAILURE"), 2),
        (RuntimeError("Job layouts-1 does not exist"), 2),
        (ConnectionError("Failed to connect to Ray at address"), 3),
    ],
)
def test_the_outcome_is_the_jobs_own_code_however_it_ended(
    monkeypatch: pytest.MonkeyPatch, ended: Any, code: int
) -> None:
    assert _outcome(monkeypatch, [_job("PENDING"), _job("RUNNING"), ended]) == code


def test_a_job_that_was_stopped_is_no_success_though_ray_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _outcome(monkeypatch, [_job("STOPPED")], 0) == 1
    assert _outcome(monkeypatch, [ConnectionError("gone with the job")], 0) == 0


def test_ray_accepts_the_runtime_env_and_it_carries_no_secret() -> None:
    parsed = read("runtime_env")
    assert parsed["working_dir"] == "."
    RuntimeEnv(**parsed | {"working_dir": str(ROOT)}, _validate=True)
    assert not [name for name in parsed["env_vars"] if "KEY" in name or "TOKEN" in name.replace("TOKENIZERS", "")]
    kept = {"/jobs/", "/layoutgen/"}
    assert not kept & set(parsed["excludes"])
