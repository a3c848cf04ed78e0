"""Several reviewers on the same layouts: blind or not, how far they agree, what settles a layout, and other runs."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core import feedback
from layoutgen.core.metrics import agreement
from tests.browser import find
from tests.budget import examples
from tests.core.gallery.reviewing import RUN, choose, exported, name, shown

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")
PRODUCTS = [f"p{number}@1080x1080" for number in range(6)]


def take(page, *lines):
    """Import decisions as a file."""
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    page.run(f"""(() => {{ const box = new DataTransfer();
        box.items.add(new File([{json.dumps(text)}], 'a.jsonl')); gallery.by('files').files = box.files;
        gallery.by('files').dispatchEvent(new Event('change')); }})()""")
    page.wait("gallery.by('message').textContent.startsWith('1 file')")


def line(row_id, decision, who, **more):
    time = more.pop("time", "2026-11-01T10:00:00Z")
    return {"row_id": row_id, "run_id": RUN, "decision": decision, "annotator": who, "time": time, **more}


def open_first(page):
    page.focus(".card")
    page.press("Enter")
    page.wait("document.querySelectorAll('#viewer .choices').length > 0")


def test_one_decides_blind_unless_others_are_asked_for(page):
    name(page, "Mei")
    choose(page, "search", "p0@")
    take(page, line(PRODUCTS[0], "reject", "Ana", reasons=["crowded"], note="zu voll"))
    open_first(page)
    assert page.run("document.querySelector('.people p').textContent") == "decided by another"
    page.press("Escape")
    assert page.run("document.querySelector('.card').textContent.includes('Ana')") is False
    page.click("#others")
    assert page.run("document.querySelector('.card').textContent.includes('Ana: reject')")
    open_first(page)
    assert page.run("document.querySelector('.people li').textContent") == "Ana: reject · crowded · zu voll"
    page.press("Escape")
    page.click("#others")


def test_a_final_decision_settles_what_is_disputed(page):
    name(page, "Mei")
    take(page, line(PRODUCTS[0], "reject", "Ana"), line(PRODUCTS[0], "adopt", "Li"))
    choose(page, "decision", "disputed")
    assert shown(page) == [PRODUCTS[0]]
    open_first(page)
    assert page.run("gallery.by('final').disabled"), "one's own decision first"
    page.press("a")
    page.wait("!gallery.by('final').disabled")
    page.click("#final")
    assert page.run("gallery.by('final').getAttribute('aria-pressed')") == "true"
    page.press("a")
    page.wait("gallery.decisions.canUndo() && document.querySelector('#message').textContent.startsWith('adopt')")
    page.press("Escape")
    choose(page, "decision", "disputed")
    assert shown(page) == []
    choose(page, "decision", "settled")
    assert shown(page) == [PRODUCTS[0]]
    assert [(one.annotator, one.decision) for one in exported(page) if one.final] == [("Mei", "adopt")], "settled still"
    page.press("u", "u")
    choose(page, "decision", "disputed")
    assert shown(page) == [PRODUCTS[0]], "taken back as any other decision"


def test_agreement_is_that_of_the_report(page):
    mei = ["adopt", "adopt", "reject", "edit", "adopt", "reject"]
    ana = ["adopt", "reject", "reject", "adopt", "adopt"]
    elements = [{"role": "title", "text": "新品", "box": [0, 0, 0.5, 0.5]}]
    lines = [
        line(row, decision, who, **({"elements": elements} if decision == "edit" else {}))
        for who, decisions in (("Mei", mei), ("ana", ana))
        for row, decision in zip(PRODUCTS, decisions, strict=False)
    ]
    take(page, *lines, line(PRODUCTS[5], "adopt", " ANA", final=True))
    (pair,) = page.run("gallery.people.pairs()")
    assert (pair["names"], pair["rows"], pair["alike"]) == (["ana", "Mei"], 5, 0.6)
    assert pair["kappa"] == pytest.approx(agreement.kappa(zip(mei, ana, strict=False)))
    page.click("#people")
    cells = page.run("[...document.querySelectorAll('#agreement td')].map((cell) => cell.textContent)")
    assert cells == ["ana · Mei", "5", "60%", f"{pair['kappa']:.2f}"]
    page.press("Escape")


def test_kappa_is_the_reports_for_all_decisions(page):
    @settings(max_examples=examples(20, soak=200))
    @given(st.lists(st.tuples(*[st.sampled_from(("adopt", "edit", "reject"))] * 2), max_size=12))
    def check(common):
        value = page.run(f"gallery.people.kappa({json.dumps(common)})")
        assert value == (None if (other := agreement.kappa(common)) is None else pytest.approx(other))

    check()


def test_a_decision_counts_for_another_run_that_left_the_layout_as_it_was(page, address):
    name(page, "Mei")
    choose(page, "search", "p1@")
    page.focus(".card")
    page.press("a")
    (ours,) = [json.loads(text) for text in page.run("gallery.decisions.exported()").splitlines()]
    page.run("localStorage.clear()")
    page.open(address)
    other = {**ours, "run_id": "a run of before"}
    take(page, other, {**other, "layout": "of another look"}, {**other, "row_id": "of another product"})
    assert page.run("gallery.by('message').textContent") == (
        "1 file: 1 taken, 0 known already or older, 2 of other layouts, 0 unusable."
    )
    assert [(one.row_id, one.run_id) for one in exported(page)] == [("p1@1080x1080", RUN)]
    # What this browser kept of another run counts, too.
    page.run("localStorage.clear()")
    key = "layoutgen/" + json.dumps(["decision", "mei", "p1@1080x1080", "a run of before"], separators=(",", ":"))
    entry = {"at": ours["time"], "value": {"decision": "adopt", "annotator": "Mei", "layout": ours["layout"]}}
    page.run(f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(entry))})")
    page.open(address)
    assert [(one.row_id, one.run_id) for one in exported(page)] == [("p1@1080x1080", RUN)]


def test_what_a_page_of_before_exported_is_taken_in(page):
    """Feedback without reasons, final and layout, as pages wrote it before there were any."""
    take(page, line(PRODUCTS[0], "adopt", "Mei"), line(PRODUCTS[1], "reject", "Mei", note="too small"))
    found, errors = feedback.read(page.run("gallery.decisions.exported()"))
    assert (errors, [(one.decision, one.note, one.final) for one in found]) == (
        [],
        [("adopt", "", False), ("reject", "too small", False)],
    )
