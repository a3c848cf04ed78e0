import json
import re
from html.parser import HTMLParser

import pytest

from layoutgen.core.gallery import files as gallery
from tests.core.gallery.test_rows import row

NASTY = (
    "</script><script>alert('x')</script>\"><img src=x onerror=\"y\"> & 'q' \\u003c ` ${x} \u2028\u2029\x85 \U0001f525"
)


def dead(**changes):
    return {"row_id": "p2@1080x1080", "stage": "fetch", "kind": "not_found", "message": "no object", **changes}


def written(rows, failed=(), run_id="run-1", **more):
    return {name: content.decode() for name, content in gallery.files(list(rows), list(failed), run_id, **more)}


def value(script):
    """What a data script hands to the page."""
    call, arguments = re.fullmatch(r"([\w.]+)\((.*)\);\n", script, re.DOTALL).groups()
    return call, json.loads(f"[{arguments}]")


def index(files):
    call, (found,) = value(files["data/index.js"])
    assert call == "gallery.data.index"
    return found, [dict(zip(found["fields"], line, strict=True)) for line in found["rows"]]


def test_the_index_has_a_line_a_row_and_chunks_have_the_details():
    files = written([row(row_id=f"p{i}@1x1") for i in range(gallery.CHUNK + 1)], [dead()])
    meta, rows = index(files)
    assert (meta["run_id"], meta["shown"], meta["totals"]) == ("run-1", [gallery.CHUNK + 1, 1], [gallery.CHUNK + 1, 1])
    assert [one["row_id"] for one in rows[:2]] == ["p0@1x1", "p1@1x1"]
    assert (rows[-1]["status"], rows[-1]["name"]) == ("failed", None)
    call, (number, details) = value(files["data/rows-00001.js"])
    assert (call, number, len(details)) == ("gallery.data.chunk", 1, 2)
    assert details[0]["elements"][0]["text"] == "新品"
    assert details[1] == {"message": "no object"}
    assert "data/rows-00002.js" not in files


def test_previews_are_where_the_page_looks_for_them():
    _, (found,) = index(written([row()]))
    assert gallery.preview_name(row()["row_id"]) == f"{found['name']}.jpg"
    assert gallery.preview_name(row()["row_id"], "ground") == f"{found['name']}.ground.jpg"
    assert gallery.preview_name(row()["row_id"], "map") == f"{found['name']}.map.png"


def test_a_row_id_that_turns_its_letters_around_names_a_plain_file():
    name = gallery.preview_name("vase\u202egpj.exe\u2066/../@1080x1080")
    assert name.isascii() and re.fullmatch("[0-9a-f]{20}[.]jpg", name)


def test_rows_without_a_preview_say_why():
    files = written([row(_fault="nothing at a.jpg")])
    assert index(files)[1][0]["preview"] is False
    assert value(files["data/rows-00000.js"])[1][1][0]["fault"] == "nothing at a.jpg"


def test_a_sample_says_of_how_many_it_is():
    assert index(written([row()], totals=(5000, 20)))[0]["totals"] == [5000, 20]


def test_decisions_name_the_run_that_computed_a_row():
    meta, rows = index(written([row(run_id="run-0"), row(run_id="run-1")]))
    assert [meta["runs"][one["run"]] for one in rows] == ["run-0", "run-1"]


def strings(found):
    """All strings in a JSON value."""
    if isinstance(found, str):
        return [found]
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [text for one in inner for text in strings(one)]


@pytest.mark.parametrize(
    "hostile",
    [
        row(**dict.fromkeys(("row_id", "title", "canvas", "composer", "category", "application", "image"), NASTY)),
        row(elements=[{"role": "title", "text": NASTY, "box": [0, 0, 1, 1], "lines": [NASTY], "colour": NASTY}]),
        row(notes=[NASTY], reasons=[NASTY], suggestion=[{"role": NASTY, "text": NASTY, "box": [0, 0, 1, 1]}]),
    ],
    ids=["columns", "elements", "lists"],
)
def test_strings_of_a_row_are_data_and_never_markup(hostile):
    files, plain = written([hostile], run_id=NASTY), written([row()])
    assert {name for name in plain if files[name] != plain[name]} == {"data/index.js", "data/rows-00000.js"}
    for name in ("data/index.js", "data/rows-00000.js"):
        assert not set(files[name]) & set("<>&\u2028\u2029")
        assert NASTY in strings(list(value(files[name])[1]))


@pytest.mark.parametrize("field", ["row_id", "stage", "kind", "message", "canvas", "input_row"])
def test_strings_of_a_dead_letter_are_data_too(field):
    files = written([], [dead(**{field: NASTY})])
    assert not set(files["data/index.js"] + files["data/rows-00000.js"]) & set("<>&\u2028\u2029")
    assert index(files)[1][0]["status"] == "failed"


def test_numbers_that_json_has_not_are_left_out():
    text = written([row(contrast=float("nan"), subject_covered=float("inf"))])["data/index.js"]
    assert "NaN" not in text and "Infinity" not in text


def test_a_page_without_rows_is_a_page():
    files = written([])
    assert index(files)[1] == []
    assert list(files)[-1] == "index.html"


def test_the_page_says_nothing_of_the_machine_that_made_it():
    files = written([row()], [dead()])
    assert "/home/" not in "".join(files.values()) and "/tmp/" not in "".join(files.values())


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.files, self.ids, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert not [name for name in values if name.startswith("on") or name == "style"]
        self.files += [values[name] for name in ("src", "href") if name in values]
        self.files = [name for name in self.files if not name.startswith(("data:", "#"))]
        self.ids += [values["id"]] if "id" in values else []


def test_the_page_loads_its_own_files_only():
    page = Page(gallery.asset("index.html").decode())
    assert {*page.files, "index.html"} == {*gallery.assets(), "data/index.js"}
    assert page.files[-1] == "data/index.js"
    text = "".join(gallery.asset(name).decode() for name in gallery.assets())
    assert set(re.findall(r"https?://[^\"'\s]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|@import", text)
    asks = [name for name in gallery.assets() if b"fetch(" in gallery.asset(name)]
    assert asks == ["served.js"]  # which a page of plain files does without


def test_scripts_ask_for_no_element_that_the_page_has_not():
    page = Page(gallery.asset("index.html").decode())
    wanted = set()
    for name in gallery.assets():
        if name.endswith(".js"):
            text = gallery.asset(name).decode()
            wanted |= set(re.findall(r'\bby\("([\w-]+)"\)', text)) - set(re.findall(r'\bid: "([\w-]+)"', text))
    assert wanted - {"tools"} <= set(page.ids)


def test_the_pages_files_can_be_read_in_one_sitting():
    assert all(len(gallery.asset(name).splitlines()) <= 300 for name in gallery.assets())


def test_preview_names_are_safe_and_differ_as_row_ids_do():
    names = [gallery.preview_name(row_id) for row_id in ("a/../b@1x1", "a b@1x1", "甲@1x1", "a b@1x2")]
    assert len(set(names)) == 4
    assert all(name.removesuffix(".jpg").isalnum() and name.isascii() for name in names)
