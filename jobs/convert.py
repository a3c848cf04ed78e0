"""An original InternVL2 repository in, a checkpoint that the jobs load out: once, and no code of the repository runs.

python -m jobs.convert SRC DST

SRC is a folder, an s3:// prefix or a hub id; DST a folder that does not exist, and appears when it is whole. InternVL2
2B, 8B and 26B (InternLM2) and what has Qwen2 as its text tower (InternVL2 1B; InternVL2.5 and InternVL3 in their
original form) can be converted.

Exit codes: 0 done; 2 nothing was made, and the message says why.
"""

from pathlib import Path

from jobs.output import command_line, end, reported, say
from layoutgen.models.vlm.internvl2.convert import convert
from layoutgen.models.weights import fetch_weights


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code. Standard output gets the folder that was made."""
    parser = command_line("convert", __doc__)
    parser.add_argument("source", metavar="SRC", help="folder, s3:// prefix or hub id[@revision]")
    parser.add_argument("target", metavar="DST", type=Path, help="folder to make")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/layoutgen"), help="where a fetched SRC is kept")
    arguments = parser.parse_args(argv)
    with reported(parser.prog, ValueError, OSError) as outcome:
        say(str(convert(fetch_weights(arguments.source, arguments.cache.expanduser()), arguments.target)))
    return outcome.code


if __name__ == "__main__":
    end(main)
