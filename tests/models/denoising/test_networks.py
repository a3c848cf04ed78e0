"""A network that denoises is a folder and a line: a third family is served, loaded and trained by what serves two."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from layoutgen.config.stages import NETWORKS, ComposeSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition
from layoutgen.models.building import networks as building
from layoutgen.models.building.versions import network_version
from layoutgen.models.denoising import files
from layoutgen.models.denoising.family import Family, NetworkParts
from layoutgen.models.denoising.lines import ROLES
from layoutgen.models.denoising.networks import FAMILIES, family_in
from layoutgen.training.data.sample import Sample, Task
from layoutgen.training.networks.learner import Denoiser, encode

PHOTO = np.full((60, 80, 3), 120, np.uint8)
TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "Kettle")


@dataclass(frozen=True)
class TemplateSize:
    """One box a role."""

    name: str = "small"
    side: int = 32
    channels: int = 3
    lines: int = 4
    most_elements: int | None = 4


class Template(nn.Module):
    """Learns the mean box of each role, whatever the picture."""

    def __init__(self, size: TemplateSize) -> None:
        super().__init__()
        self.size = size
        self.boxes = nn.Parameter(torch.full((len(ROLES), 4), 0.5))


class TemplateComposer:
    """Puts the title where titles are."""

    def __init__(self, network: Template, *, frame: Any, **_: object) -> None:
        self._network, self._frame = network, frame

    def compose(self, briefs: list[Brief]) -> list[Composition]:
        box = tuple(self._network.boxes[ROLES.index(Role.TITLE)].tolist())
        return [
            Composition(
                self._frame(brief.image, brief.annotation, brief.canvas),
                (Suggestion(Role.TITLE, box, brief.copy.title),),
            )
            for brief in briefs
        ]


def build(size: TemplateSize, seed: int, parts: NetworkParts) -> Template:
    return Template(size)


def loss(network: Template, inputs: Sequence[Any], seeds: Sequence[int]) -> tuple[torch.Tensor, float]:
    apart = torch.cat([network.boxes[one.truth.roles] - one.truth.ltrb for one in inputs]).abs()
    return apart.mean(), float((apart < 0.05).float().mean())


TEMPLATE = Family(
    name="template",
    version="template-1",
    model_type="layoutgen-template-1",
    summary="puts each role where it is on the mean",
    sizes={"small": TemplateSize()},
    build=build,
    load=lambda folder, device: files.load(folder, "layoutgen-template-1", lambda _: Template(TemplateSize()), device),
    save=lambda network, folder, dtype: files.save(network, "layoutgen-template-1", {}, folder, dtype),
    size_in=lambda folder: TemplateSize(),
    composer=TemplateComposer,
    encode=lambda elements, canvas_px, size: None,
    loss=loss,
)


@pytest.fixture(autouse=True)
def third(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "template", TEMPLATE)


def test_settings_name_the_families_that_there_are() -> None:
    assert {*NETWORKS, "template"} == set(FAMILIES)
    assert all(name == family.name for name, family in FAMILIES.items())
    assert len({family.model_type for family in FAMILIES.values()}) == len(FAMILIES)


def test_a_third_family_is_written_known_by_its_folder_and_served_as_settings_say(tmp_path: Path) -> None:
    network = TEMPLATE.new()
    with torch.no_grad():
        network.boxes[ROLES.index(Role.TITLE)] = torch.tensor(TITLE.box)
    TEMPLATE.save(network, tmp_path, torch.float32)
    assert family_in(tmp_path) is TEMPLATE
    settings = ComposeSettings.model_construct(
        **vars(ComposeSettings()) | {"engine": "template", "model": str(tmp_path)}
    )
    building.check(settings, Storage())
    composer, provenance = building.composer(settings, 0, Storage(), lambda *_: Framing())
    (answer,) = composer.compose([Brief(PHOTO, Annotation(), Copy("Kettle"), Canvas(720, 1080))])
    assert provenance["composer"].startswith("template-1 ")
    assert answer.suggestions[0].box == pytest.approx(TITLE.box)
    assert network_version(settings)[0] == "template-1"


def test_a_third_family_learns_as_all_do() -> None:
    task = Task(PHOTO, Framing(), Canvas(720, 1080), Copy("Kettle"), (TITLE,))
    row = encode(Sample("", "", PHOTO, "", task=task), 0, 0, family=TEMPLATE, size=TemplateSize(), seed=0)
    learner = Denoiser(TEMPLATE, TEMPLATE.new()).train()
    optimiser = torch.optim.SGD(learner.parameters(), 0.1)
    losses = []
    for _ in range(100):
        optimiser.zero_grad()
        total, count, _ = learner([row])
        (total / count).backward()
        optimiser.step()
        losses.append(float((total / count).detach()))
    assert losses[-1] < 0.1 * losses[0]
    small = replace(TemplateSize(), lines=0)
    with pytest.raises(ValueError, match="small takes 0 and 4"):
        encode(Sample("", "", PHOTO, "", task=task), 0, 0, family=TEMPLATE, size=small, seed=0)


def test_a_size_that_a_family_has_not_is_named() -> None:
    with pytest.raises(ValueError, match="layout_image has no size 'paper', only small"):
        FAMILIES["layout_image"].new("paper")
