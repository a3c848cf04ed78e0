"""What of an offer's texts is copy: all but a number without a currency, which nobody can read as a price."""

import re
from collections.abc import Mapping
from typing import Any

from layoutgen.core.layout import OFFER_ROLES, Role

_BARE = re.compile(r"[-+]?[\d.,'’٫٬\s]*\d[\d.,'’٫٬\s]*")


def is_bare_number(text: str) -> bool:
    """Tell whether a text is a number and nothing else, such as 199 or 1.299,00."""
    return bool(_BARE.fullmatch(text))


def offered(row: Mapping[str, Any]) -> dict[Role, str]:
    """The texts of a row's offer that are copy, by role; one whose columns hold something else, or
    that has none, offers nothing."""
    texts = {role: row.get(role.value) for role in OFFER_ROLES}
    return {role: text for role, text in texts.items() if isinstance(text, str) and text and not is_bare_number(text)}
