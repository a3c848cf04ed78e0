"""Retention: remove old runs of a table, but nothing that CURRENT, its readers or an unfinished run may need. Or, with
--shards, publish the newest snapshot again in another number of files; with --publish, a run that was refused. Then
catalogues that a night did not reach are told (`[publish]` of the settings). `erase` takes products out of everything.

Exit codes: 0 done; 1 it ended half-way, and the same command goes on; 2 nothing was done, and the message says why.

python -m jobs.maintain --output s3://bucket/layouts --keep 7 --dry-run
python -m jobs.maintain --output s3://bucket/layouts --shards 20000
python -m jobs.maintain --output s3://bucket/layouts --publish RUN_ID --because "the sale's fonts"
python -m jobs.maintain erase --output s3://bucket/layouts --product ID ID
python -m jobs.maintain erase --output s3://bucket/layouts --file ids.txt --also feedback.jsonl s3://bucket/sets
"""

import json
import sys
from dataclasses import asdict

from jobs.output import command_line, end, reported, say
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import table_kind
from layoutgen.runs.catalogues import register_again
from layoutgen.runs.erasing import erase, named, products_in, products_of
from layoutgen.runs.maintenance import clean_up
from layoutgen.runs.publishing import publish
from layoutgen.runs.resharding import reshard
from layoutgen.training import copies


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code."""
    parser = command_line("maintain", __doc__)
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    parser.add_argument("--keep", type=int, default=7, help="published runs to keep (default: 7)")
    parser.add_argument(
        "--grace-hours", type=float, default=24.0, help="hours that readers of a replaced run have yet (default: 24)"
    )
    parser.add_argument("--shards", type=int, help="rewrite the table into so many shards, and remove nothing")
    parser.add_argument("--publish", metavar="RUN_ID", help="publish a run that was refused, and remove nothing")
    parser.add_argument("--because", default="", metavar="TEXT", help="why it is published all the same")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")
    parser.add_argument("--endpoint-url", default="", help="S3 endpoint")
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["erase"]:
        return _erase(words[1:])
    arguments = parser.parse_args(words)
    storage = Storage(arguments.endpoint_url)
    with reported(parser.prog, ValueError) as outcome:
        if arguments.publish is not None:
            done = publish(storage, arguments.output, arguments.publish, arguments.because)
        elif arguments.shards is not None:
            table_kind(storage, arguments.output)
            done = reshard(storage, arguments.output, arguments.shards)
        else:
            cleaned = clean_up(
                storage,
                arguments.output,
                keep=arguments.keep,
                dry_run=arguments.dry_run,
                grace_hours=arguments.grace_hours,
            )
            done = {**asdict(cleaned), "dry_run": arguments.dry_run}
            if arguments.dry_run:
                done["would_remove"] = done.pop("removed")
            would = "would remove" if arguments.dry_run else "removed"
            runs = f"{len(cleaned.removed)} runs, {cleaned.files} files, {cleaned.bytes} bytes"
            say(f"{would} {runs}; {cleaned.pictures} pictures, {cleaned.picture_bytes} bytes", sys.stderr)
            for name, shadow in cleaned.shadows.items():
                say(f"{would} of shadow {name} {len(shadow.removed)} runs, {shadow.files} files", sys.stderr)
        say(json.dumps(done))
        if not arguments.dry_run and (registered := register_again(storage, arguments.output.rstrip("/"))):
            say(json.dumps({"catalogues": registered}), sys.stderr)
    return outcome.code


def _erase(words: list[str]) -> int:
    """Erase products; returns the exit code."""
    parser = command_line(
        "maintain erase",
        "Take products out of a table: all its snapshots, dead letters, change feeds, ledgers and pictures, and those "
        "of its shadows. Take them out of the manifest first, or the next night lays them out again.",
    )
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--product", nargs="+", metavar="ID", help="keys of products, as `product_id` has them")
    group.add_argument("--file", help="a file with a key a line, local or s3://")
    parser.add_argument(
        "--also",
        nargs="+",
        default=[],
        metavar="PATH",
        help="what was made of the table elsewhere: feedback, data sets, outputs of jobs.render, jobs.references, "
        "jobs.gallery and jobs.evaluate",
    )
    parser.add_argument("--endpoint-url", default="", help="S3 endpoint")
    arguments = parser.parse_args(words)
    storage = Storage(arguments.endpoint_url)
    with reported(parser.prog, ValueError) as outcome:
        wanted = arguments.product
        products = products_of(wanted, "--product") if wanted else products_in(storage, arguments.file)
        copies.check(storage, arguments.also, arguments.output)
        done = erase(storage, arguments.output, products)
        done["also"] = {path: copies.erase(storage, path, products) for path in arguments.also}
        tables = [done, *done.get("shadows", {}).values()]
        if not any(table["erasure"] for table in tables) and not any(done["also"].values()):
            raise Refusal(
                f"{arguments.output} knows none of {named(products.keys)}; nothing is erased. Give keys as the column "
                "`product_id` has them"
            )
        if done["unknown"]:
            say(f"{arguments.output} does not know {named(done['unknown'])}", sys.stderr)
        say(json.dumps(done, ensure_ascii=False))
        if registered := register_again(storage, arguments.output.rstrip("/")):
            say(json.dumps({"catalogues": registered}), sys.stderr)
    return outcome.code


if __name__ == "__main__":
    end(main)
