"""What the tests share: a local Ray of two CPUs, a local S3 server, drawn photos."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw

from layoutgen.demo.s3 import LocalS3

# The same examples on every run, and no time limit on one: shared machines pause.
settings.register_profile("layoutgen", deadline=None, derandomize=True)
settings.load_profile("layoutgen")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    """A local S3 server with a bucket `shop`; its credentials are in the environment while it runs."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "shop").mkdir()
    with LocalS3(folder) as server:
        before = dict(os.environ)
        os.environ.update(server.environment())
        yield server
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def ray_cluster(s3: LocalS3) -> Iterator[None]:
    """One local Ray for all tests of the session, with GPUs that it counts and that need not be there; its workers
    inherit the S3 server's credentials."""
    import ray

    ray.init("local", num_cpus=2, num_gpus=4, include_dashboard=False, logging_level="warning")
    yield
    ray.shutdown()


def photo(width: int = 600, height: int = 800, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A drawn product photo: a coloured vase on a soft ground, different for each seed."""
    rng = np.random.default_rng(seed)
    ground = np.linspace(205, 240, height)[:, None, None] + rng.normal(0, 2, (height, width, 3))
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    colour = tuple(int(v) for v in rng.integers(30, 170, 3))
    x, y, size = width * rng.uniform(0.4, 0.6), height * 0.62, min(width, height) * 0.24
    pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    pen.rectangle((x - size / 3, y - size * 1.6, x + size / 3, y), fill=colour)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """An image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
