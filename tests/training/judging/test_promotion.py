"""What serves changes by one swap, for a reason, and can be taken back."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.adapters import main
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.training.judging.gate import Verdict
from layoutgen.training.judging.promotion import decide, promote, rollback

GOOD, BAD = Verdict(True, ("iou is better",)), Verdict(False, ("iou is not shown to be better",))


@pytest.fixture(params=["folder", "s3"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> AdapterRegistry:
    if request.param == "folder":
        return AdapterRegistry(Storage(), str(tmp_path / "adapters"))
    s3: LocalS3 = request.getfixturevalue("s3")
    return AdapterRegistry(Storage(s3.endpoint_url), f"s3://shop/{tmp_path.name}/adapters")


def add(registry: AdapterRegistry, tmp_path: Path, version: str, verdict: Verdict = GOOD, **card: Any) -> None:
    folder = tmp_path / version
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(version.encode())
    (folder / ".layoutgen_sha.json").write_bytes(b"{}")
    said = {"better": verdict.better, "reasons": verdict.reasons}
    registry.add("poster", version, folder, {"verdict": said, "against": None, **card})


def test_promotions_and_rollbacks_keep_their_history(registry: AdapterRegistry, tmp_path: Path) -> None:
    for version in ("v1", "v2", "v3"):
        add(registry, tmp_path, version)
        assert decide(registry, "poster", version, registry.serving("poster"), GOOD, force=False)
        assert registry.serving("poster").version == version
    assert registry.versions("poster") == ["v1", "v2", "v3"]
    assert rollback(registry, "poster", "boxes drift").startswith("v2 serves poster")
    assert rollback(registry, "poster").startswith("v1 serves")
    assert promote(registry, "poster", "v3", force=True).startswith("v3 serves")
    assert rollback(registry, "poster").startswith("v1 serves")
    assert rollback(registry, "poster").startswith("the bare model serves")
    with pytest.raises(RegistryError, match="rolled back to the bare model already"):
        rollback(registry, "poster")
    history = registry.serving("poster").history
    assert [event["action"] for event in history] == [
        "promote", "promote", "promote", "rollback", "rollback", "force", "rollback", "rollback",
    ]  # fmt: skip
    assert history[3] | {"at": ""} == {
        "at": "", "action": "rollback", "from": "v3", "to": "v2", "why": "boxes drift"
    }  # fmt: skip


def test_what_is_not_better_serves_by_force_alone(registry: AdapterRegistry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1", BAD)
    before = registry.serving("poster")
    assert not decide(registry, "poster", "v1", before, BAD, force=False)
    assert registry.serving("poster") == before
    with pytest.raises(RegistryError, match="v1 is not better: iou is not shown to be better; --force"):
        promote(registry, "poster", "v1", force=False)
    assert decide(registry, "poster", "v1", before, BAD, force=True)
    assert registry.serving("poster").history[-1]["action"] == "force"


def test_of_two_promotions_at_once_one_fails_and_changes_nothing(registry: AdapterRegistry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1")
    add(registry, tmp_path, "v2")
    before = registry.serving("poster")
    decide(registry, "poster", "v1", before, GOOD, force=False)
    with pytest.raises(RegistryError, match="was swapped by another run at this moment"):
        decide(registry, "poster", "v2", before, GOOD, force=False)
    assert registry.serving("poster").version == "v1"
    with pytest.raises(RegistryError, match="v2 was compared with the bare model, and v1 serves now"):
        promote(registry, "poster", "v2", force=False)


def test_a_version_is_never_written_over(registry: AdapterRegistry, tmp_path: Path) -> None:
    add(registry, tmp_path, "v1", note="first")
    (tmp_path / "other").mkdir()
    registry.add("poster", "v1", tmp_path / "other", {"note": "second"})
    assert registry.card("poster", "v1")["note"] == "first"


def test_a_setting_is_resolved_to_what_serves_now(registry: AdapterRegistry, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"serves nothing under 'poster'; promote a version"):
        registry.resolve("registry:poster")
    add(registry, tmp_path, "v1")
    decide(registry, "poster", "v1", registry.serving("poster"), GOOD, force=False)
    assert registry.resolve("registry:poster") == f"{registry.root}/poster/v1"
    assert registry.resolve("s3://elsewhere/adapter") == "s3://elsewhere/adapter"
    rollback(registry, "poster")
    assert registry.resolve("registry:poster") == ""


def test_the_command_lists_promotes_and_rolls_back(
    registry: AdapterRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if registry.root.startswith("s3://"):
        pytest.skip("the same calls")
    add(registry, tmp_path, "v1", created_at="2026-11-21", method="lora", base="b")
    asked = ["--registry", registry.root]
    assert main([*asked, "promote", "poster", "v9"]) == 2
    assert "has no version 'v9' of 'poster'; known are v1" in capsys.readouterr().err
    assert main([*asked, "promote", "poster", "v1"]) == 0
    assert main([*asked, "list", "poster"]) == 0
    out = capsys.readouterr().out
    assert "serves v1 2026-11-21 lora on b" in out
    assert json.loads(out.splitlines()[-1])["action"] == "promote"
    assert main([*asked, "rollback", "poster"]) == 0
    assert "the bare model serves poster; before it v1" in capsys.readouterr().out
    assert main([*asked, "rollback", "poster"]) == 2
