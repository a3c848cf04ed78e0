"""What a vision-language model is asked."""

from dataclasses import dataclass

from layoutgen.models.base import ModelPicture


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: `prefix` tokens, which are the same for many prompts, then `rest`, in which the tokens of
    a picture stand for its visual tokens."""

    prefix: tuple[int, ...]
    rest: tuple[int, ...]
    picture: ModelPicture | None = None

    def __len__(self) -> int:
        return len(self.prefix) + len(self.rest)
