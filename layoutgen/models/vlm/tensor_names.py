"""Names of tensors as programs of several years wrote them.

A name is the path of a module inside wrappers, and wrappers come and go: `model.layers.0…`, `language_model.layers.0…`,
`model.language_model.layers.0…` and `language_model.model.layers.0…` are one layer, `visual.…` and `model.visual.…` one
tower. So a module is known by its path without wrappers, which is the same in all of them.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import takewhile

_WRAPPERS = frozenset({"base_model", "model", "language_model", "module", "_orig_mod", "_fsdp_wrapped_module"})


def plain(path: str) -> str:
    """A path without wrappers."""
    return ".".join(part for part in path.split(".") if part not in _WRAPPERS)


def by_plain(paths: Iterable[str]) -> dict[str, str]:
    """Each path by its plain form."""
    return {plain(path): path for path in paths}


def prefixes(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """How paths of one kind become those of another, as far as it hangs on how they begin: beginning to beginning, for
    pairs of paths that are the same but for wrappers. The part that follows the wrappers stands in both."""
    found: dict[str, str] = {}
    for one, other in pairs:
        ends = zip(reversed(one.split(".")), reversed(other.split(".")), strict=False)
        shared = len(list(takewhile(lambda end: end[0] == end[1], ends)))
        first, second = one.split("."), other.split(".")
        found[".".join(first[: len(first) - shared + 1])] = ".".join(second[: len(second) - shared + 1])
    return found


def renamed(path: str, beginnings: Mapping[str, str]) -> str:
    """A path by what `prefixes` returned, of which the longest beginning counts; one that begins otherwise stays."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        if (begins := ".".join(parts[:length])) in beginnings:
            return ".".join([beginnings[begins], *parts[length:]])
    return path


def key_mapping(names: Iterable[str], today: Iterable[str]) -> dict[str, str]:
    """What transformers' `key_mapping` has to hold so that tensors of these names are read into today's."""
    known = by_plain(today)
    pairs = [(name, known[plain(name)]) for name in names if plain(name) in known]
    # The longest first: transformers takes them in turn.
    found = sorted(prefixes(pairs).items(), key=lambda pair: -len(pair[0]))
    return {f"^{re.escape(one)}(?=\\.)": other for one, other in found if one != other}
