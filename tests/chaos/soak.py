"""Random deaths, as many as wanted: `python -m tests.chaos.soak 500 [--on-ray 20] [--seed 1]`.

Each round is one table: a few nights in a row over a changing catalogue, each cut off by SIGKILL a few times at a
random moment (at no named point, so that moments nobody thought of are hit too), its manifest exported anew at times;
each night's table is compared with one from scratch. It goes on until so many drivers were killed. These rounds run
without Ray; `--on-ray` adds nights on a Ray cluster that lose drivers, workers or the node at random points. Prints one
JSON line; ends with 1 at the first table that is not right, whose folder stays.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.chaos import quick
from tests.chaos.nights import DRIVER_POINTS, SHARD_POINTS, STAGE_POINTS, Cluster, Night, check_table, draw_catalogue
from tests.chaos.nights import tables as read_tables
from tests.drawn import encoded, photo

PRODUCTS = 14


def _night(manifest: str, output: str, log: str) -> None:
    """A night in this process, which ends with it."""
    with open(log, "a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
        try:
            quick.night(manifest, output)
        except BaseException as error:  # noqa: BLE001 a process of its own: it says why it ends
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    os._exit(0)


def _finish(manifest: str, output: str, log: str) -> float:
    """Run a night to its good end; return its seconds."""
    began = time.monotonic()
    process = multiprocessing.get_context("fork").Process(target=_night, args=(manifest, output, log))
    process.start()
    process.join(120)
    assert process.exitcode == 0, f"exit code {process.exitcode}: {Path(log).read_text()[-2000:]}"
    return time.monotonic() - began


def _change(folder: Path, manifest: Path, dice: random.Random) -> None:
    """Give some products another photo or title, take one away, bring one in."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in manifest.read_text().splitlines()]
    for row in dice.sample(rows, 2):
        if row.get("image") and dice.random() < 0.5:
            (folder / row["image"]).write_bytes(encoded(photo(48, 64, seed=dice.randrange(10_000))))
        else:
            row["title"] = f"Vase {dice.randrange(10_000)}"
    rows.pop(dice.randrange(len(rows)))
    rows.append({**rows[0], "product_id": f"vase-new-{dice.randrange(10**9)}"})
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))


def round_here(folder: Path, dice: random.Random, deaths: Counter[str]) -> None:
    """One table over a few nights, killed at random moments."""
    manifest = draw_catalogue(folder / "goods", PRODUCTS)
    output, log = str(folder / "layouts"), str(folder / "log")
    for night in range(dice.randint(1, 3)):
        if night:
            _change(folder / "goods", manifest, dice)
        fresh = str(folder / f"fresh-{night}")
        usual_s = _finish(str(manifest), fresh, log)
        for _ in range(dice.randint(1, 4)):
            process = multiprocessing.get_context("fork").Process(target=_night, args=(str(manifest), output, log))
            process.start()
            process.join(dice.uniform(0, dice.choice([1.1, 0.4, 0.15]) * usual_s))
            deaths["driver" if process.is_alive() else "too late"] += 1
            process.kill()
            process.join()
            if dice.random() < 0.3:
                manifest.write_text(manifest.read_text())  # exported anew: the next is a run of its own
        before = {file: file.stat().st_mtime_ns for file in folder.glob("layouts/_runs/*/shards/*.json")}
        _finish(str(manifest), output, log)
        assert all(file.stat().st_mtime_ns == when for file, when in before.items()), "a shard was computed again"
        assert _rows(output) == _rows(fresh), "the table is not the one from scratch"
        if not night:
            check_table(folder / "layouts", read_tables(Path(fresh), published_runs.current(Storage(), fresh)))


def _rows(output: str) -> list[dict[str, Any]]:
    run_id = published_runs.current(Storage(), output)
    found = [
        {name: value for name, value in row.items() if name not in ("run_id", "created_at", "attempts")}
        for what in ("snapshots", "dead_letters")
        for row in published_runs.read(Storage(), output, run_id, what).to_pylist()
    ]
    return sorted(found, key=lambda row: row["row_id"])


def round_on_ray(cluster: Cluster, folder: Path, manifest: Path, dice: random.Random, deaths: Counter[str]) -> Night:
    """One night on Ray that loses a driver, workers or the node at random points, and is started until it ends well."""
    night = Night(cluster, folder, manifest)
    for _ in range(dice.randint(1, 3)):
        night.arm(dice.choice([*DRIVER_POINTS, *SHARD_POINTS, *STAGE_POINTS]))
    night.start()
    while True:
        assert night.driver is not None
        stopped = next((file for file in night.crash.glob("*.*")), None)
        if night.driver.poll() is not None and stopped is None:
            code, _ = night.end()
            if code == 0:
                return night
            assert code < 0, night.log.read_text()[-3000:]
            night.start()
        if stopped is None:
            time.sleep(0.05)
            continue
        stopped.unlink()
        with contextlib.suppress(psutil.NoSuchProcess):
            here = psutil.Process(int(stopped.suffix[1:]))
            victim = dice.choice(["driver", "worker", "raylet"])
            deaths[victim] += 1
            if victim == "driver":
                night.kill()
            elif victim == "raylet":
                cluster.lose_node()
            elif here.pid != night.driver.pid:
                here.kill()
            else:
                for worker in cluster.workers():
                    with contextlib.suppress(psutil.NoSuchProcess):
                        worker.send_signal(signal.SIGKILL)
            here.resume()


def main() -> int:
    """Run the soak from its command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("kills", type=int, help="drivers to kill at random moments")
    parser.add_argument("--on-ray", type=int, default=0, metavar="N", help="rounds on a Ray cluster besides")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    deaths: Counter[str] = Counter()
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="layoutgen-soak-"))
    warm = draw_catalogue(root / "warm" / "goods", PRODUCTS)
    _warm_up(str(warm), str(root / "warm" / "layouts"))
    for number in itertools.count():
        if deaths["driver"] >= arguments.kills:
            break
        folder = root / f"round-{number}"
        try:
            round_here(folder, random.Random(f"{arguments.seed}-{number}"), deaths)
        except AssertionError as error:
            print(f"round {number} of seed {arguments.seed} in {folder}: {error}", file=sys.stderr)
            return 1
        shutil.rmtree(folder)
    if arguments.on_ray:
        cluster = Cluster(root / "crash")
        try:
            manifest = draw_catalogue(root / "goods")
            calm = Night(cluster, root / "calm", manifest)
            undisturbed = read_tables(calm.root, calm.finish()["run_id"])
            for turn in range(arguments.on_ray):
                dice = random.Random(f"ray-{arguments.seed}-{turn}")
                check_table(round_on_ray(cluster, root / f"ray-{turn}", manifest, dice, deaths).root, undisturbed)
        finally:
            cluster.stop()
    shutil.rmtree(root)
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"rounds": number, "on_ray": arguments.on_ray, "deaths": deaths, "seconds": seconds}))
    return 0


def _warm_up(manifest: str, output: str) -> None:
    """Load everything once, so that the processes forked from here need a tenth of a second and not two."""
    quick.night(manifest, output)


if __name__ == "__main__":
    sys.exit(main())
