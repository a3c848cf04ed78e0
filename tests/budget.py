"""How many examples a property test tries: few in CI, many with `pytest --hypothesis-profile soak` (`make soak`)."""

from hypothesis import settings


def examples(ci: int, soak: int) -> int:
    """The number for the profile that was loaded."""
    return soak if settings.get_current_profile_name() == "soak" else ci
