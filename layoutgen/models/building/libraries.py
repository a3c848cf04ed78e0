"""Which installed libraries are part of what a row is: another release of one computes again what it makes, no more.

| key | library | what of a row is its output |
| --- | --- | --- |
| `measure` | uharfbuzz, with the HarfBuzz inside it | shaped texts, so boxes and font sizes |
| `words`, `phrases`, `breaks` | rjieba, budoux, icu4py | where lines break: their dictionaries are in their wheels |
| `hyphens` | pyphen | where long words are parted at last; not in the core install |
| `ocr` | rapidocr | readings: the networks are in its wheel, and what stands before and after them |
| `faces` | mtcnn | the weights of the face detector, which are in its wheel |
| `answer` | transformers | a vision-language model's answers: releases of one year differed in image positions |
| `vllm` | vllm | the same, where it decodes |
| `draw` | diffusers | the network that `layout_image` draws with, the models that `stable_diffusion` paints with |

All others compute what is written down elsewhere (a JPEG's pixels, a convolution, a grammar's tokens), and releases
differ as machines do, by rounding: decoders of images and clips, OpenCV, ONNX Runtime, torch, peft, llguidance, NumPy,
SciPy. A security fix in one of them is no reason to lay out a catalogue anew; where one changes more, the VERSION of
the module that uses it is raised. fontTools reads tables of font files, whose bytes count already. For the same reason
a model's `device` does not count, but its `dtype` does.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = {
    "measure": "uharfbuzz",
    "words": "rjieba",
    "phrases": "budoux",
    "breaks": "icu4py",
    "hyphens": "pyphen",
    "ocr": "rapidocr",
    "faces": "mtcnn",
    "answer": "transformers",
    "vllm": "vllm",
    "draw": "diffusers",
}


@cache
def release(key: str) -> str:
    """The installed release of what `LIBRARIES` names under `key`, or that there is none."""
    name = LIBRARIES[key]
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} is not installed"
