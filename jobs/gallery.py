"""Layout tables in, a page to look through, correct and decide on them out; it works from a folder or a bucket, without
a server, and exports decisions as feedback.

python -m jobs.gallery --layouts s3://bucket/layouts --output gallery/
python -m jobs.gallery --layouts s3://bucket/posters --beside s3://bucket/layouts --output gallery/
"""

import argparse

from jobs.output import end, reported, say
from layoutgen.cluster import own_output
from layoutgen.config.jobs import StorageSettings
from layoutgen.evaluation import beside
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.io.storage import Storage


def main() -> int:
    """Run the job from its command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.gallery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layouts", required=True, help="a job's output, a snapshot, or a .parquet or .jsonl file")
    parser.add_argument("--output", required=True, help="where the page goes: a folder or an s3:// prefix")
    parser.add_argument("--beside", help="another table, whose finished pictures of the same rows a second page shows")
    parser.add_argument("--run-id", help="which run (default: the one that CURRENT names)")
    parser.add_argument("--limit", type=int, default=10_000, help="most layouts on the page (default: 10000)")
    parser.add_argument("--side", type=int, default=720, help="px of a preview's longer side (default: 720)")
    parser.add_argument("--no-maps", action="store_true", help="leave out the maps of what is to be protected")
    parser.add_argument("--font", action="append", default=[], help="font file that the layouts name; may be repeated")
    parser.add_argument("--endpoint-url", default=StorageSettings().endpoint_url, help="S3 endpoint")
    arguments = parser.parse_args()
    with reported(parser.prog, ValueError) as outcome:
        storage, output = Storage(arguments.endpoint_url), arguments.output
        with own_output():
            page = run_gallery(
                storage,
                arguments.layouts,
                output,
                run_id=arguments.run_id,
                limit=arguments.limit,
                side=arguments.side,
                font_files=tuple(arguments.font),
                maps=not arguments.no_maps,
            )
        if arguments.beside:
            say(beside.write(storage, arguments.layouts, arguments.beside, output, limit=arguments.limit))
        say(page)
    return outcome.code


if __name__ == "__main__":
    end(main)
