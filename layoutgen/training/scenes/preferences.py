"""Designers' choices between two renders of a poster, as a data set: what `data.source` is for a network of scenes with
`train.method = "dpo"`.

A file of JSON lines (`preferences.jsonl`, or a folder or prefix with one), a choice a line:

| field | what it is |
| --- | --- |
| `row_id` | the poster's, as its table says it |
| `product_id` | the product's, left out: what `row_id` has before its first @; a product is in one part of the set |
| `category` | the product's, may be left out |
| `size` | the canvas's width and height, px |
| `product_box`, `texts` | where the product and what has to be read stand: ltrb, normalised |
| `product` | file of the cut-out, with alpha; or `colours`, three rows of OKLab's L, a, b and a share |
| `reference` | file of the picture whose style was to be followed; may be left out |
| `chosen`, `rejected` | the scenes: `{"seed": …}`, a `background_seed` of the network that is trained; or numbers |
| `annotator` | who chose, may be left out |

Numbers are the fields of `goods.backdrops.numbers.SceneNumbers`. A choice that can't be used is left out and counted by
its reason: `unreadable`, `tie` (neither was better), `layouts` (of layouts that have no scenes), `same` (two times the
same scene), `duplicate`, `contradicted` (of the same two scenes one or the other was chosen, by whomever: both are left
out).
"""

import dataclasses
import hashlib
import io
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from layoutgen.config.training import DataSettings
from layoutgen.core.layout import Box
from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.io.objects.locations import join_allowed
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.denoising.scenes import style
from layoutgen.models.denoising.scenes.conditions import category_row, product_numbers
from layoutgen.training.corpus.wishes import Example
from layoutgen.training.data.cases import Data, DataError
from layoutgen.training.scenes import wishes
from layoutgen.training.scenes.wishes import SceneCase, SceneSample

FILE = "preferences.jsonl"
_PARTS, _OF = ("test", "test", "validation"), 10
"""Of ten products two are judged by and one is validated by."""
_SHOWN = 5
_GREY = (0.5, 0.0, 0.0)
log = logging.getLogger("layoutgen")

Propose = Callable[[SceneCase, int], SceneNumbers]
"""The scene that the network proposes for a case and a seed."""


class PreferenceError(ValueError):
    """A line can't be used; the message says why."""


class PreferenceSamples:
    """Choices to learn."""

    def __init__(self, cases: Sequence[SceneCase]) -> None:
        self.cases = tuple(cases)
        self.sha = hashlib.sha256("\n".join(case.key for case in cases).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.cases)

    def sample(self, index: int, epoch: int) -> SceneSample:
        """Return a sample, the same in all epochs."""
        return self.cases[index].sample


def open_preferences(settings: DataSettings, storage: Storage, words: dict[str, int], propose: Propose) -> Data:
    """Read choices; seeds become scenes by the network that is trained. Raises DataError where none is left."""
    if not settings.source:
        raise DataError("no data set is named; give --data, a file of preferences, or data.source in the settings")
    uri = settings.source if settings.source.endswith(".jsonl") else f"{settings.source.rstrip('/')}/{FILE}"
    try:
        lines = storage.read(uri).decode("utf-8").splitlines()
    except (OSError, StorageError, ValueError) as error:
        raise DataError(f"{uri} can't be read ({error}); give a file of preferences") from None
    dropped: Counter[str] = Counter()
    every = list(_cases(lines, uri, storage, words, propose, dropped))
    choices = list(_without_contradictions(every, dropped))
    if not choices:
        raise DataError(
            f"{uri}: of {sum(dropped.values())} choices none can be used ({_counted(dropped)}); see the log"
        )
    split: dict[str, list[SceneCase]] = {"train": [], "validation": [], "test": []}
    for case in choices:
        place = int.from_bytes(hashlib.sha256(case.product.encode()).digest()[:4]) % _OF
        split[_PARTS[place] if place < len(_PARTS) else "train"].append(case)
    about = {"source": uri, "rows": {name: len(part) for name, part in split.items()}, "dropped": dict(dropped)}
    return Data(
        PreferenceSamples(choices).sha,
        PreferenceSamples(split["train"]),
        PreferenceSamples(split["validation"]),
        split["test"],
        wishes.fixed(settings.fixed),
        about,
    )


def _cases(
    lines: Sequence[str], uri: str, storage: Storage, words: dict[str, int], propose: Propose, dropped: Counter[str]
) -> Iterator[SceneCase]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            about = json.loads(line)
            if reason := _of_no_scenes(about):
                dropped[reason] += 1
                continue
            yield _case(about, uri.rpartition("/")[0], storage, words, propose)
        except (AttributeError, KeyError, TypeError, ValueError, OSError, StorageError) as error:
            dropped["unreadable"] += 1
            if dropped["unreadable"] <= _SHOWN:
                what = f"{error} is missing" if isinstance(error, KeyError) else error
                log.warning("%s, line %d: %s; left out", uri, number, what)


def _of_no_scenes(about: Any) -> str | None:
    """Why a choice of the gallery says nothing of scenes: neither is better, or they are layouts without seeds."""
    if not isinstance(about, dict):
        return None
    sides = [about.get(name) for name in ("chosen", "rejected")]
    is_layout = all(isinstance(side, dict) and "elements" in side and "seed" not in side for side in sides)
    return "tie" if about.get("tie") else "layouts" if is_layout else None


def _case(about: dict[str, Any], folder: str, storage: Storage, words: dict[str, int], propose: Propose) -> SceneCase:
    row_id = str(about["row_id"])
    width, height = (int(side) for side in about["size"])
    if min(width, height) < 1:
        raise PreferenceError(f"size is {width} x {height}")
    product, texts = _box(about["product_box"]), tuple(_box(box) for box in about.get("texts") or ())
    if about.get("product"):
        floats = product_numbers(np.asarray(_picture(storage, folder, about["product"]).convert("RGBA")))
        colours = floats[:12].reshape(3, 4)
    else:
        colours = np.asarray(about["colours"], np.float32)
        if colours.shape != (3, 4) or not np.isfinite(colours).all():
            raise PreferenceError("colours are not three rows of L, a, b and a share")
    shown = None
    if about.get("reference"):
        shown = style.look_of(np.asarray(_picture(storage, folder, about["reference"]).convert("RGB")))
    category = category_row(about.get("category"), words)[0]
    blank = SceneNumbers("sweep", _GREY, _GREY, _GREY, _GREY, _GREY)
    wish = Example(category, colours, (width, height), product, texts, blank)
    styled = None if shown is None else style.numbers(shown)
    wanted = SceneSample(blank.encode(), category, wishes.floats_of(wish), styled)
    case = SceneCase(row_id, str(about.get("product_id") or row_id.partition("@")[0]), wanted, wish, shown)
    chosen, rejected = (_scene(about[name], name, case, propose) for name in ("chosen", "rejected"))
    sample = replace(wanted, answer=chosen.encode(), rejected=rejected.encode())
    return replace(case, sample=sample, wish=replace(wish, answer=chosen), key=_key(row_id, sample))


def _scene(about: dict[str, Any], name: str, case: SceneCase, propose: Propose) -> SceneNumbers:
    if "seed" in about:
        return propose(case, int(about["seed"]))
    known = {field.name for field in dataclasses.fields(SceneNumbers)}
    if unknown := sorted(set(about) - known):
        raise PreferenceError(f"{name}: {unknown[0]!r} is no number of a scene")
    values: dict[str, Any] = {
        key: tuple(map(float, value)) if isinstance(value, list) else value for key, value in about.items()
    }
    scene = SceneNumbers(**values)
    if not np.isfinite(scene.encode()).all():
        raise PreferenceError(f"{name} has what is no number")
    return scene


def _without_contradictions(cases: Sequence[SceneCase], dropped: Counter[str]) -> Iterator[SceneCase]:
    """Each choice once, and none of those that contradict each other."""
    chosen: dict[tuple[str, frozenset[bytes]], list[SceneCase]] = defaultdict(list)
    for case in cases:
        assert case.sample.rejected is not None
        both = frozenset({case.sample.answer.tobytes(), case.sample.rejected.tobytes()})
        if len(both) == 1:
            dropped["same"] += 1
        else:
            chosen[case.key.rpartition(" ")[0], both].append(case)
    for alike in chosen.values():
        if len({case.sample.answer.tobytes() for case in alike}) > 1:
            dropped["contradicted"] += len(alike)
            continue
        dropped["duplicate"] += len(alike) - 1
        yield alike[0]


def _key(row_id: str, sample: SceneSample) -> str:
    assert sample.rejected is not None
    scenes = sample.answer.tobytes() + sample.rejected.tobytes() + sample.floats.tobytes()
    return f"{row_id} {hashlib.sha256(scenes).hexdigest()[:16]}"


def _box(values: Sequence[float]) -> Box:
    left, top, right, bottom = (float(value) for value in values)
    if not (left < right and top < bottom and left >= -1 and right <= 2):
        raise PreferenceError(f"box {list(values)} is not left, top, right, bottom")
    return left, top, right, bottom


def _picture(storage: Storage, folder: str, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(storage.read(join_allowed(folder, (), name))))
        image.load()
    except (OSError, UnidentifiedImageError) as error:
        raise PreferenceError(f"{name} can't be read ({error})") from None
    return image


def _counted(dropped: Counter[str]) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in sorted(dropped.items()) if count) or "it is empty"
