"""How far two strings are from each other."""

import unicodedata


def plain(text: str) -> str:
    """Text as it is compared: NFKC, case-folded, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def edits(a: str, b: str) -> int:
    """Levenshtein distance: least insertions, deletions and replacements that turn `a` into `b`."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for k, right in enumerate(b, 1):
            before, row[k] = row[k], min(row[k] + 1, row[k - 1] + 1, before + (left != right))
    return row[-1]
