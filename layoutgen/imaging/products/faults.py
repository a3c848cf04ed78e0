"""Why a product can't be cut out of its picture, each kind with its sentence and the mend."""

from layoutgen.imaging.image_faults import FileFault

KINDS = (
    "no_cut_out", "mask_size", "mask_empty", "mask_full", "mask_inverted", "matte_unsure", "cut_by_the_frame",
    "several_things", "worn", "too_small", "too_large",
)  # fmt: skip


class CutOutFault(FileFault):
    """A product that can't be cut out. `kind` is one of `KINDS`; the row keeps its photo and says the message."""
