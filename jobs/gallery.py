"""Layout tables in, a page to look through, correct and decide on them out; it works from a folder or a bucket, without
a server, and exports decisions as feedback. With --serve it is served on this machine alone, and decisions go straight
into the feedback file.

python -m jobs.gallery --layouts s3://bucket/layouts --output gallery/
python -m jobs.gallery --layouts s3://bucket/layouts --output gallery/ --serve --feedback s3://bucket/feedback.jsonl
python -m jobs.gallery --layouts s3://bucket/layouts --against-run-id RUN --output gallery/    blind comparison
python -m jobs.gallery --layouts s3://bucket/posters --beside s3://bucket/layouts --output gallery/
"""

import argparse

from jobs.output import command_line, end, reported, say
from layoutgen.cluster import own_output
from layoutgen.config.jobs import StorageSettings
from layoutgen.evaluation import beside, review_server
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.evaluation.review_room import open_room
from layoutgen.io.storage import Storage


def main() -> int:
    """Run the job from its command line; returns the exit code."""
    parser = command_line("gallery", __doc__)
    parser.add_argument("--layouts", required=True, help="a job's output, a snapshot, or a .parquet or .jsonl file")
    parser.add_argument("--output", required=True, help="where the page goes: a folder or an s3:// prefix")
    parser.add_argument("--beside", help="another table, whose finished pictures of the same rows a second page shows")
    parser.add_argument("--against", help="another table: the page compares its rows with these, blind")
    parser.add_argument("--against-run-id", help="which run of it, or of --layouts without --against")
    parser.add_argument("--run-id", help="which run (default: the one that CURRENT names)")
    parser.add_argument("--limit", type=int, default=10_000, help="most layouts on the page (default: 10000)")
    parser.add_argument("--side", type=int, default=720, help="px of a preview's longer side (default: 720)")
    parser.add_argument("--no-maps", action="store_true", help="leave out the maps of what is to be protected")
    parser.add_argument("--font", action="append", default=[], help="font file that the layouts name; may be repeated")
    parser.add_argument("--endpoint-url", default=StorageSettings().endpoint_url, help="S3 endpoint")
    feedback = "decisions, of which the page says what became; with --serve also where they go (OUTPUT/feedback.jsonl)"
    parser.add_argument("--feedback", help=feedback)
    serving = parser.add_argument_group("serving")
    serving.add_argument("--serve", action="store_true", help="serve the page on this machine alone, until Ctrl-C")
    port = review_server.PORT
    serving.add_argument("--port", type=int, default=port, help=f"(default: {port}; 0: any that is free)")
    serving.add_argument("--drawn", action="store_true", help="the page is there already: serve it as it is")
    serving.add_argument("--preferences", help="file that choices go into (default: OUTPUT/preferences.jsonl)")
    arguments = parser.parse_args()
    if arguments.against_run_id and not arguments.against:
        arguments.against = arguments.layouts
    if arguments.drawn and not arguments.serve:
        parser.error("--drawn goes with --serve: a page that is there already needs nothing else")
    with reported(parser.prog, ValueError) as outcome:
        storage = Storage(arguments.endpoint_url)
        page = storage.join(arguments.output, "index.html") if arguments.drawn else _draw(storage, arguments)
        if arguments.beside:
            other, output = arguments.beside, arguments.output
            say(beside.write(storage, arguments.layouts, other, output, limit=arguments.limit))
        say(page)
        if arguments.serve:
            _serve(storage, arguments)
    return outcome.code


def _draw(storage: Storage, arguments: argparse.Namespace) -> str:
    with own_output():
        return run_gallery(
            storage,
            arguments.layouts,
            arguments.output,
            run_id=arguments.run_id,
            limit=arguments.limit,
            side=arguments.side,
            font_files=tuple(arguments.font),
            maps=not arguments.no_maps,
            against=(arguments.against, arguments.against_run_id) if arguments.against else None,
            feedback=_feedback(storage, arguments) if arguments.feedback or arguments.serve else None,
        )


def _feedback(storage: Storage, arguments: argparse.Namespace) -> str:
    """The file of decisions; it need not be there yet."""
    return arguments.feedback or storage.join(arguments.output, "feedback.jsonl")


def _serve(storage: Storage, arguments: argparse.Namespace) -> None:
    room = open_room(
        storage,
        arguments.layouts,
        arguments.output,
        _feedback(storage, arguments),
        arguments.preferences or storage.join(arguments.output, "preferences.jsonl"),
        run_id=arguments.run_id,
        limit=arguments.limit,
        font_files=tuple(arguments.font),
    )
    with review_server.ReviewServer(room, arguments.port) as server:
        say(server.address)
        server.serve()


if __name__ == "__main__":
    end(main)
