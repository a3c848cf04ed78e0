"""The licence of a published set: given by the user, or read from what the set says of itself."""

import re

from layoutgen.training.published.files import Files
from layoutgen.training.published.records import PublishedError

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
_LICENSE = re.compile(r"^license:[ \t]*(?:\n[ \t]*-[ \t]*)?([^\n]+)", re.MULTILINE)
_MOST = 120


def licence_of(files: Files, given: str | None) -> str:
    """The licence that the card names: `given`, else what the set's README says in its front matter, else the first
    line of its licence file. Raises PublishedError where nobody says it."""
    if given and given.strip():
        return given.strip()
    top = {files.relative(uri).lower(): uri for uri in files.uris if "/" not in files.relative(uri)}
    if "readme.md" in top and (front := _FRONT_MATTER.match(files.text(top["readme.md"]).replace("\r\n", "\n"))):
        license_line = _LICENSE.search(front[1])
        if license_line and (name := license_line[1].strip().strip("\"'")) and name != "unknown":
            return name
    for name in ("license", "licence", "license.txt", "licence.txt", "license.md", "licence.md"):
        if name in top:
            first = next((line.strip(" #") for line in files.text(top[name]).splitlines() if line.strip(" #")), "")
            if first:
                return first[:_MOST]
    raise PublishedError(
        f"nobody says under which licence {files.folder} may be used: it has no licence file and no `license:` in its "
        "README.md; look it up and give it with --licence"
    )
