"""What the chaos tests share: a Ray cluster of their own, a catalogue, and what an undisturbed night makes of it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.chaos.nights import Cluster, Night, check_table, draw_catalogue, tables


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(tmp_path_factory.mktemp("crash"))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_catalogue(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture(scope="package")
def undisturbed(cluster: Cluster, manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    night = Night(cluster, tmp_path_factory.mktemp("undisturbed"), manifest)
    made = tables(night.root, night.finish()["run_id"])
    check_table(night.root, made)
    return made


@pytest.fixture(scope="package")
def calm(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """What a night in one process makes of the catalogue."""
    made = Night(None, tmp_path_factory.mktemp("calm"), manifest)
    return tables(made.root, made.finish()["run_id"])


@pytest.fixture
def quick(manifest: Path, tmp_path: Path) -> Iterator[Night]:
    """A night in one process."""
    made = Night(None, tmp_path, manifest)
    yield made
    if made.driver is not None and made.driver.poll() is None:
        made.kill()


@pytest.fixture
def night(cluster: Cluster, manifest: Path, tmp_path: Path) -> Iterator[Night]:
    made = Night(cluster, tmp_path, manifest)
    yield made
    if made.driver is not None and made.driver.poll() is None:
        made.kill()
    cluster.clear()
