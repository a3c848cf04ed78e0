"""Brand kits: what is wrong with them, how often layouts break them, and what posters of a brand say of its own.

python -m jobs.brands check brands/            every kit in a folder, or in s3://bucket/prefix
python -m jobs.brands check brands/nordlys     one kit
python -m jobs.brands violations --layouts s3://shop/layouts --kits brands/
python -m jobs.brands learn --posters FOLDER --output brands/x

`check` prints a line of JSON a kit: its faults, and the keys that are kept and not used. `violations` prints how often
the newest snapshot of a table breaks its brands' kits, from its rows and its finished pictures. `learn` reads 5 to
50 posters of a brand and proposes a kit and a house style, with a page that shows what was read and what follows.

Exit codes: 0 every kit can be used, no row breaks one; 1 a row does; 2 a kit or a folder of posters can't be used, or
there is none, and standard error says why.
"""

import argparse
import json
from pathlib import Path

from jobs.output import command_line, end, reported, say
from layoutgen.config.styles import StyleSettings
from layoutgen.core.errors import Refusal, Stop
from layoutgen.core.layout import parse_canvas
from layoutgen.evaluation.brands import violations
from layoutgen.evaluation.style_learning import learn
from layoutgen.io.brand_kits import read
from layoutgen.io.storage import Storage
from layoutgen.models.building.kit_checks import check
from layoutgen.models.building.kits import kits
from layoutgen.models.building.styles import load

_CANVASES = ("1:1", "3:4", "9:16", "16:9")


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command_line("brands", __doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="say what is wrong with kits")
    checking.add_argument("kits", help="folder or s3:// prefix of kits, or of one kit")
    checking.add_argument(
        "--canvas", action="append", help="a canvas that logos have to fit, such as 3:4 or 750x1000; again for others"
    )
    checking.add_argument("--styles", action="append", help="file or folder of house styles beside the embedded ones")
    checking.add_argument("--cache", default="~/.cache/layoutgen", help="folder where fonts of a bucket are laid")
    checking.set_defaults(work=_check)
    learning = commands.add_parser("learn", help="propose a kit and a house style by posters of a brand")
    learning.add_argument("--posters", required=True, help="folder or s3:// prefix of 5 to 50 posters")
    learning.add_argument("--output", required=True, help="folder or s3:// prefix of the kit that is proposed")
    learning.set_defaults(work=_learn)
    counting = commands.add_parser("violations", help="say how often a published table breaks its brands' kits")
    counting.add_argument("--layouts", required=True, help="root of the table")
    counting.add_argument("--kits", required=True, help="folder or s3:// prefix of kits")
    counting.set_defaults(work=_count)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code."""
    parser = options()
    given = parser.parse_args(argv)
    with reported(parser.prog, ValueError) as outcome:
        given.work(given)
    return outcome.code


def _check(given: argparse.Namespace) -> None:
    """Say of each kit what is wrong with it. Raises Refusal where one has a fault."""
    canvases = [parse_canvas(name, 1080) for name in given.canvas or _CANVASES]
    storage = Storage()
    styles = load(StyleSettings(paths=tuple(given.styles or ())), storage)
    broken = []
    for kit in read(storage, given.kits):
        checked = check(kit, canvases, styles, Path(given.cache).expanduser())
        say(json.dumps({"kit": kit.name, "faults": checked.faults, "ignored": checked.ignored}, ensure_ascii=False))
        broken += [f"{kit.name}: {fault}" for fault in checked.faults]
    if broken:
        raise Refusal("\n  ".join((f"{len(broken)} of what kits say can't be used:", *broken)))


def _learn(given: argparse.Namespace) -> None:
    """Propose a kit and a house style."""
    say(json.dumps(learn(Storage(), given.posters, given.output), ensure_ascii=False))


def _count(given: argparse.Namespace) -> None:
    """Say how often a table breaks its brands' kits. Raises Stop where it does."""
    storage = Storage()
    of_table = kits(given.kits, storage, (), load(StyleSettings(), storage))
    counted = violations(storage, given.layouts, of_table)
    say(json.dumps(counted, ensure_ascii=False))
    if counted["own_brand_violations"]:
        raise Stop(f"{given.layouts}: rows break their brands' kits, see `examples`")


if __name__ == "__main__":
    end(main)
