"""What Ray's own processes of a training know."""

import os

import pytest
from ray.train.v2._internal.constants import get_env_vars_to_propagate

from layoutgen.training.trainer import known_to_helpers


@pytest.mark.parametrize("before", [None, "auto"])
def test_helpers_of_a_training_know_its_cluster_and_nobody_does_afterwards(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if before:
        monkeypatch.setenv("RAY_ADDRESS", before)
    with pytest.raises(ValueError, match="it fails"), known_to_helpers("127.0.0.1:6379"):
        assert get_env_vars_to_propagate()["RAY_ADDRESS"] == "127.0.0.1:6379"
        raise ValueError("it fails")
    assert "RAY_ADDRESS" not in get_env_vars_to_propagate()
    assert os.environ.get("RAY_ADDRESS") == before
