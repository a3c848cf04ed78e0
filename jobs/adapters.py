"""The registry of adapters: what is there, what serves, and changing that.

python -m jobs.adapters --registry s3://shop/adapters list NAME
python -m jobs.adapters --registry s3://shop/adapters promote NAME VERSION [--force]
python -m jobs.adapters --registry s3://shop/adapters rollback NAME [--why "…"]

Exit codes: 0 done; 2 refused, nothing was changed, and the message says why.
"""

import json

from jobs.output import command_line, end, reported, say
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.training.judging.promotion import promote, rollback


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = command_line("adapters", __doc__)
    parser.add_argument("--registry", required=True, help="root of the registry: a folder or an s3:// prefix")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("list", "promote", "rollback"):
        one = commands.add_parser(command)
        one.add_argument("name", help="of the adapter, as train.name says it")
        if command == "promote":
            one.add_argument("version")
            one.add_argument("--force", action="store_true", help="whatever its verdict was")
        if command == "rollback":
            one.add_argument("--why", default="", help="for the history")
    arguments = parser.parse_args(argv)
    registry = AdapterRegistry(Storage(), arguments.registry)
    with reported(parser.prog) as outcome:
        registry.storage.check(arguments.registry)
        match arguments.command:
            case "promote":
                say(promote(registry, arguments.name, arguments.version, force=arguments.force))
            case "rollback":
                say(rollback(registry, arguments.name, arguments.why))
            case _:
                _list(registry, arguments.name)
    return outcome.code


def _list(registry: AdapterRegistry, name: str) -> None:
    """Print the versions, a line each, and the history."""
    if not registry.versions(name):
        raise RegistryError(f"{registry.root} has no version of {name!r}; give train.name of a run that was registered")
    serving = registry.serving(name)
    for version in registry.versions(name):
        card = registry.card(name, version)
        mark = "serves" if version == serving.version else "      "
        say(
            f"{mark} {version} {card['created_at']} {card['method']} on {card['base']}: {card['verdict']['reasons'][0]}"
        )
    for event in serving.history:
        say(json.dumps(event, ensure_ascii=False))


if __name__ == "__main__":
    end(main)
