"""Versions of many objects read off listings: a page names 1,000 keys, where each is one request by itself.

A listing is asked for from the first wanted key on, and goes on from the first that it did not reach, so that stretches
without a wanted key are jumped over. Where pages name too few of the wanted keys to be worth their price, some are
passed over, twice as many each time. Nothing rests on the store's order, nor on its minding where a page is to begin: a
key that no page names is as good as not asked for.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile

LEAST = 13
"""Wanted keys that a page has to name. AWS charges it as 12.5 requests for one object each (0.005 against 0.0004
dollars a thousand), and it takes about as much longer."""
PASSED_OVER = 500
_LAST_OF_ASCII = "~"

Page = Callable[[str, str], tuple[Mapping[str, str], bool]]
"""The objects below a prefix whose keys follow a key: a page of keys with versions, and whether others follow."""


def versions(wanted: Sequence[str], page: Page) -> dict[str, str]:
    """Versions of those of the distinct, sorted keys that pages name; fewer pages are asked for than keys named, but
    for those that show that it is not worth it."""
    prefix = _common(wanted[0], wanted[-1]) if wanted else ""
    named: dict[str, str] = {}
    at, passed_over = 0, PASSED_OVER
    while len(wanted) - at >= LEAST:
        after = _before(wanted[at])
        there, goes_on = page(prefix, after)
        end = bisect_right(wanted, max(there, default=""), at) if goes_on else len(wanted)
        on_page = {key: there[key] for key in wanted[at:end] if key in there}
        named |= on_page
        if goes_on and min(there, default="") <= after:
            break  # the store begins each page where it likes
        if len(on_page) >= LEAST:
            at, passed_over = end, PASSED_OVER
        else:
            at, passed_over = max(end, at + passed_over), passed_over * 2
    return named


def _common(first: str, last: str) -> str:
    """The folder that two keys, and all between them, lie in; "" for the bucket."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return first[: first.rfind("/", 0, same) + 1]


def _before(key: str) -> str:
    """A key before this one, with few between them."""
    last = key[-1:]
    return key[:-1] + chr(ord(last) - 1) + _LAST_OF_ASCII if "!" < last <= _LAST_OF_ASCII else key[:-1]
