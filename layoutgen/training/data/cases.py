"""A data set in its parts: samples to learn and to validate by, and layouts to make for the verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

import numpy as np

from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas, Copy, Suggestion
from layoutgen.training.data.sample import SamplesOf


class DataError(Refusal):
    """The data set can't be used; the message says what is wrong in it and the mend."""


@dataclass(frozen=True, eq=False)
class Case:
    """A layout to make, and how its designer made it. `pixels` (h, w, 3), uint8, RGB is the framed canvas; `subject`
    (h, w), uint8 of 0 to 255 says where its subject is, None where nobody knows. Cases of one `product` are no
    independent evidence."""

    key: str
    product: str
    pixels: np.ndarray
    copy: Copy
    canvas: Canvas
    truth: tuple[Suggestion, ...]
    logo_aspect: float | None = None
    subject: np.ndarray | None = None


CaseOf = TypeVar("CaseOf")


@dataclass(frozen=True)
class Cases(Sequence[CaseOf], Generic[CaseOf]):
    """What is to be made for the verdict, each of a number when it is asked for."""

    numbers: range
    make: Callable[[int], CaseOf]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> CaseOf: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CaseOf]: ...
    def __getitem__(self, index: int | slice) -> CaseOf | Sequence[CaseOf]:
        if isinstance(index, slice):
            return Cases(self.numbers[index], self.make)
        return self.make(self.numbers[index])


@dataclass(frozen=True, eq=False)
class Data:
    """A data set in its parts, no product in two of them: of layouts `Sample` and `Case`, of grounds what their kinds
    of models learn and are judged by. `test` is held back from it, `fixed` is the same for every data set; `sha` stands
    for all of it, `card` says where it is from, `images` are those that it names."""

    sha: str
    train: SamplesOf[Any]
    validation: SamplesOf[Any]
    test: Sequence[Any]
    fixed: Sequence[Any]
    card: dict[str, Any] = field(default_factory=dict)
    images: Sequence[str] = ()

    def check(self) -> None:
        """Raises DataError where it is too small to learn from or to judge by."""
        if len(self.train) < 2:
            raise DataError(f"the data set has {len(self.train)} samples to learn; give at least 2")
        products = len({case.product for case in self.test})
        if products < 2:
            raise DataError(
                f"the data set holds back {products} products for the verdict, and no interval comes of fewer than 2; "
                "give more"
            )
