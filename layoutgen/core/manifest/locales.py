"""A row's copy in several languages: the manifest's columns `copies` and `locale`, and the spelling of locales.

`copies` maps a locale to its copy: an object of columns such as title and selling_points. It is an object, a struct, a
map, a list of pairs, or any of these as JSON text. A row's own title is copy beside it, in the row's `locale` where it
names one. What an entry does not say is not taken from another language; the brand alone is, a name.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from layoutgen.core.manifest.contracts import COPY, Contract
from layoutgen.core.manifest.fields import UnusableError, one_text, shown

MOST_LOCALES = 200
_TAG = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
)
_LONGEST = 35  # characters that RFC 5646 tells programs to have room for


@dataclass(frozen=True)
class Version:
    """A row's values in one locale: `values` are its columns, of which copy is the locale's. `locale` is None where the
    manifest gives none, or one that is no tag, whose `name` is then as it is written. `fault` is why it can't be used,
    `notes` what was left out of it."""

    locale: str | None
    values: dict[str, Any]
    name: str | None = None
    fault: UnusableError | None = None
    notes: tuple[str, ...] = ()


def canonical(tag: str) -> str | None:
    """A BCP 47 tag in its usual spelling (zh-Hant-TW, also of ZH_hant_tw); None for what is none."""
    lower = tag.strip().replace("_", "-").lower()
    if len(lower) > _LONGEST or not _TAG.fullmatch(lower):
        return None
    parts = lower.split("-")
    is_extension = False
    for place, part in enumerate(parts[1:], 1):
        is_extension |= len(part) == 1
        if not is_extension and part.isalpha():
            parts[place] = {2: part.upper(), 4: part.title()}.get(len(part), part)
    return "-".join(parts)


def versions(values: dict[str, Any], contract: Contract, is_blank: Callable[[Any], bool]) -> list[Version]:
    """A row in each of its locales, its own copy first; `is_blank` tells of a value whether it says nothing. Raises
    UnusableError for a `copies` that holds something else, or too many locales."""
    entries = _entries(values) if contract.sizes else []  # what reads pictures sets no copy
    all_versions = [] if entries and is_blank(values.get("title")) else [_own(values, is_blank)]
    if not entries:
        return all_versions
    shared = {name: value for name, value in values.items() if name not in (*COPY, *contract.offers) or name == "brand"}
    all_versions += [_entry(name, entry, shared, contract) for name, entry in entries]
    places: dict[str | None, list[str]] = {}
    unique: dict[str | None, Version] = {}
    for version in all_versions:
        places.setdefault(version.locale, []).append(version.name or "")
        unique.setdefault(version.locale or version.name, version)
    return [
        _twice(version, places[version.locale]) if version.locale and len(places[version.locale]) > 1 else version
        for version in unique.values()
    ]


def count(table: pa.Table) -> int:
    """About how many versions the rows of a manifest's table have, in all."""
    if "copies" not in table.column_names:
        return len(table)
    total = 0
    for value in table.column("copies").to_pylist():
        try:
            total += max(1, len(_entries({"copies": value})))
        except UnusableError:
            total += 1
    return total


def only(row: dict[str, Any], name: Callable[[str], str], wanted: set[str | None]) -> dict[str, Any]:
    """A row as it was written, with these locales alone: `None` stands for its own copy, another for each entry of that
    tag or, of one that is no tag, of that name. `name` gives the name that the manifest has for a column."""
    copies = name("copies")
    try:
        entries = _entries({"copies": row.get(copies)})
    except UnusableError:
        return row
    if not entries:
        return row
    written = row.get(name("locale")) or None
    own = written and (canonical(str(written)) or written)
    left = [[tag, entry] for tag, entry in entries if tag in wanted or canonical(tag) in wanted - {None}]
    without = {} if own in wanted else {name("title"): None}
    return {**row, **without, copies: left or None}


def _own(values: dict[str, Any], is_blank: Callable[[Any], bool]) -> Version:
    try:
        written = one_text(values, "locale")
    except UnusableError as error:
        return Version(None, values, fault=error)
    if is_blank(written):
        return Version(None, values)
    assert written is not None
    locale = canonical(written)
    if locale is None:
        return Version(None, values, written, _no_tag("locale", written))
    return Version(locale, values, f"locale {written}")


def _entry(name: str, entry: Any, shared: dict[str, Any], contract: Contract) -> Version:
    locale = canonical(name)
    if locale is None:
        return Version(None, shared, name, _no_tag("copies", name))
    where = f"copies {name}"
    copy = _pairs(entry)
    if copy is None:
        fault = UnusableError("bad_row", f"copies[{shown(name)}] is {shown(entry)}; write an object with a title")
        return Version(locale, shared, where, fault)
    columns = [*(column for column in COPY if column in contract.columns), *contract.offers]
    entry_values = {str(column): _listed(value) if column in contract.lists else value for column, value in copy}
    values = {**shared, **{column: entry_values[column] for column in columns if entry_values.get(column) is not None}}
    values["language"] = entry_values.get("language")
    more = [
        column for column, value in entry_values.items() if column not in (*columns, "language") and value is not None
    ]
    notes = (f"copies[{shown(name)}]: {', '.join(more)} left out, which no row here shows",) if more else ()
    return Version(locale, values, where, notes=notes)


def _twice(version: Version, names: list[str]) -> Version:
    message = f"the row has the locale {version.locale} more than once ({', '.join(names)}); keep one of them"
    return replace(version, name=None, fault=UnusableError("duplicate_locale", message))


def _no_tag(column: str, name: str) -> UnusableError:
    return UnusableError(
        "bad_locale", f"{column} names the locale {shown(name)}, which is no BCP 47 tag; write one such as ar, zh-Hant "
        "or pt-BR"
    )  # fmt: skip


def _entries(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """The entries of `copies` by the names of their locales, without empty ones."""
    value = values.get("copies")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return []
    if isinstance(value, str) and not value.strip():
        return []
    pairs = _pairs(value)
    if pairs is None:
        raise UnusableError(
            "bad_row", f"copies is {shown(value)}; write an object of locale to copy, with a title each"
        )
    entries = [(str(name), entry) for name, entry in pairs if entry is not None]
    if len(entries) > MOST_LOCALES:
        raise UnusableError(
            "too_many_locales", f"copies has {len(entries)} locales, more than {MOST_LOCALES}; part it into rows of "
            "fewer, each with its `locale`"
        )  # fmt: skip
    return entries


def _pairs(value: Any) -> list[tuple[Any, Any]] | None:
    """The names and values of an object, a struct, a map's pairs or the JSON of one; None for what is none of these."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list) and all(_is_pair(item) for item in value):
        return [(item[0], item[1]) for item in value]
    return None


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str)


def _listed(value: Any) -> Any:
    """A list of texts as it is, also one that a map of texts holds as a CSV's field does: JSON, or items with `|`."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return [item.strip() for item in value.split("|") if item.strip()]
