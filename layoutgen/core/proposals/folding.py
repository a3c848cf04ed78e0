"""Offers for composers that know selling points alone: they are asked about `Copy.folded`, and each text that is an
offer's gets its role back in what they propose."""

from collections.abc import Iterable
from dataclasses import replace

from layoutgen.core.layout import TEXT_ROLES, Copy, Role, Suggestion


def unfolded(suggestions: Iterable[Suggestion], copy: Copy) -> tuple[Suggestion, ...]:
    """Suggestions for `copy.folded` in the roles that the texts of `copy` have, told by their letters."""
    role_of = {text: role for role, text in copy.offers.items()}
    free = TEXT_ROLES - {Role.TITLE}
    return tuple(
        replace(suggestion, role=role_of[suggestion.text])
        if suggestion.role in free and suggestion.text in role_of
        else suggestion
        for suggestion in suggestions
    )
