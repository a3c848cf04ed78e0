import pytest

from layoutgen import streaming


@pytest.mark.parametrize("name", ["TMPDIR", "RAY_TMPDIR"])
def test_a_temporary_folder_too_long_for_sockets_is_told_before_ray_starts(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv(name, "/" + "x" * (streaming.MOST_FOLDER_BYTES - 1))
    streaming._check_temporary_folder()
    monkeypatch.setenv(name, "/" + "x" * streaming.MOST_FOLDER_BYTES)
    with pytest.raises(streaming.PoolError, match=rf"{name} = .* set RAY_TMPDIR to a folder of 39 bytes at most"):
        streaming._check_temporary_folder()
