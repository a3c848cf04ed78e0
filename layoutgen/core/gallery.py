"""The gallery page: placed layouts as a grid of previews with boxes, copy and scores, and the rows that failed.

One static HTML text that works from a file or a bucket, with no server, network or library. Every string of the input
is escaped. Rows are the dicts of a layout table; previews are files beside the page.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_COLOURS = {
    "title": "#e03131",
    "subtitle": "#e8590c",
    "selling_point": "#2f9e44",
    "price": "#c2255c",
    "call_to_action": "#9c36b5",
    "logo": "#1971c2",
    "underlay": "#868e96",
    "other": "#495057",
}

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>layoutgen gallery</title>
<style>
:root { color-scheme: light; font: 14px/1.45 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
body { margin: 0; background: #f4f5f7; color: #1f2328; }
header { position: sticky; top: 0; z-index: 5; background: #fff; border-bottom: 1px solid #d8dce1; padding: 12px 20px;
  display: flex; flex-wrap: wrap; gap: 8px 22px; align-items: center; }
h1 { font-size: 17px; margin: 0; } h2 { font-size: 15px; margin: 28px 20px 8px; }
header span { color: #59636e; } label { cursor: pointer; user-select: none; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 16px; padding: 16px 20px;
  align-items: start; }
figure { margin: 0; background: #fff; border: 1px solid #d8dce1; border-radius: 8px; overflow: hidden; }
.picture { position: relative; line-height: 0; background: #e9ecef; }
.picture img { width: 100%; height: auto; }
.picture i { position: absolute; box-sizing: border-box; border: 1.5px solid; display: none; }
body.boxes .picture i { display: block; }
.picture i b { position: absolute; left: -1.5px; bottom: 100%; font: 10px/13px system-ui; color: #fff; padding: 0 3px;
  white-space: nowrap; font-style: normal; }
figcaption { padding: 9px 12px 11px; } figcaption strong { display: block; overflow-wrap: anywhere; }
.scores { color: #59636e; font-size: 12.5px; } .notes { color: #9a6700; font-size: 12.5px; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 0 20px 28px; background: #fff; width: calc(100% - 40px); }
th, td { text-align: left; padding: 7px 10px; border: 1px solid #d8dce1; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f0f2f4; } td.kind { white-space: nowrap; font-family: ui-monospace, monospace; font-size: 12.5px; }
[hidden] { display: none !important; }
</style></head><body>
"""

_SCRIPT = """<script>
const shown = () => {
  const canvas = document.querySelector('#canvas').value;
  document.querySelectorAll('figure').forEach(f => { f.hidden = canvas !== '' && f.dataset.canvas !== canvas; });
};
document.querySelector('#canvas').addEventListener('change', shown);
document.querySelector('#boxes').addEventListener('change', e => {
  document.body.classList.toggle('boxes', e.target.checked);
});
</script></body></html>
"""


def preview_name(row_id: str) -> str:
    """File name of a row's preview: safe whatever the row id holds."""
    return f"{hashlib.sha256(row_id.encode()).hexdigest()[:20]}.jpg"


def page(rows: Iterable[Mapping[str, Any]], dead: Iterable[Mapping[str, Any]], run_id: str) -> str:
    """Render the page. `rows` are placed rows, `dead` dead letters; previews are files at previews/<preview_name>."""
    rows, dead = list(rows), list(dead)
    sizes = Counter(row["canvas"] for row in rows)
    options = "".join(
        f'<option value="{escape(name)}">{escape(name)} ({n})</option>' for name, n in sorted(sizes.items())
    )
    return "".join(
        [
            _HEAD,
            f"<header><h1>layoutgen</h1><span>run {escape(run_id)}</span>",
            f"<span>{len(rows)} layouts, {len(dead)} failed rows</span>",
            f'<label>canvas <select id="canvas"><option value="">all</option>{options}</select></label>',
            '<label><input type="checkbox" id="boxes"> boxes</label></header><main>',
            *map(_figure, rows),
            "</main>",
            _failures(dead),
            _SCRIPT,
        ]
    )


def _figure(row: Mapping[str, Any]) -> str:
    texts = [element for element in row["elements"] if element["font_px"]]
    smallest = min((element["font_px"] for element in texts), default=0)
    notes = "".join(f'<div class="notes">{escape(note)}</div>' for note in row["notes"] or ())
    return (
        f'<figure data-canvas="{escape(row["canvas"])}"><div class="picture">'
        f'<img loading="lazy" width="{row["canvas_width"]}" height="{row["canvas_height"]}" '
        f'src="previews/{preview_name(row["row_id"])}" alt="{escape(row["title"])}">'
        f"{''.join(map(_box, row['elements']))}</div>"
        f"<figcaption><strong>{escape(row['title'])}</strong>"
        f'<div class="scores">{escape(row["row_id"])} · {escape(row["composer"] or "")}<br>'
        f"contrast {row['contrast']:.1f} · subject covered {row['subject_covered']:.0%} · "
        f"smallest font {smallest} px</div>{notes}</figcaption></figure>"
    )


def _box(element: Mapping[str, Any]) -> str:
    left, top, right, bottom = (100 * value for value in element["box"])
    colour = _COLOURS.get(element["role"], "#000")
    label = f'<b style="background:{colour}">{escape(element["role"])}</b>' if element["role"] != "underlay" else ""
    return (
        f'<i style="left:{left:.3f}%;top:{top:.3f}%;width:{right - left:.3f}%;height:{bottom - top:.3f}%;'
        f'border-color:{colour}" title="{escape(element["text"])}">{label}</i>'
    )


def _failures(dead: list[Mapping[str, Any]]) -> str:
    if not dead:
        return ""
    body = "".join(
        f"<tr><td>{escape(row['row_id'] or '')}</td><td class=kind>{escape(row['stage'])} / {escape(row['kind'])}</td>"
        f"<td>{escape(row['message'])}</td></tr>"
        for row in dead
    )
    return f"<h2>Failed rows</h2><table><tr><th>row</th><th>stage / kind</th><th>reason</th></tr>{body}</table>"
