"""Tiny checkpoints, made once a session."""

from pathlib import Path

import pytest

from tests.models.denoising.rendering import folders


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them: `sd15`, `inpainting`, `sdxl`; `control-KIND`, `ip`, `lora-KIND`."""
    root = tmp_path_factory.mktemp("tiny")
    for kind in folders.CROSS:
        folders.folder(root / kind, kind, checked=kind == "sd15")
    for kind in ("sd15", "sdxl"):
        folders.controlnet(root / f"control-{kind}", kind)
        folders.ip_adapter(root / "ip", kind)
        folders.ip_adapter(root / "ip", kind, plus=True)
        folders.lora(root / f"lora-{kind}" / "pytorch_lora_weights.safetensors", kind)
    return root
