"""Runs all fuzz targets, one after the other: `python -m fuzz [SECONDS] [TARGET ...]`.

Rule: corpora lie in .fuzz/ and only grow; the seeds are written anew each time.
"""

import subprocess
import sys
from pathlib import Path

from fuzz.seeds import SEEDS, write_seeds

FOLDER = Path(".fuzz")


def fuzz(target: str, seconds: int) -> bool:
    """Fuzz one target for so many seconds; whether it held."""
    corpus, found = FOLDER / target, FOLDER / f"{target}-found"
    found.mkdir(parents=True, exist_ok=True)
    write_seeds(target, corpus)
    before = set(found.iterdir())
    command = [sys.executable, "-m", f"fuzz.{target}", str(corpus)]
    # A unit that takes ten seconds has found something as well.
    limits = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=10000", "-len_control=20")
    report = ("-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={found}/")
    run = subprocess.run(
        [*command, f"-max_total_time={seconds}", *limits, *report],
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    artefacts = sorted(map(str, set(found.iterdir()) - before))
    if run.returncode or artefacts:
        print(run.stderr, file=sys.stderr)
        print(f"fuzz: {target} failed; python -m fuzz.{target} {' '.join(artefacts)} repeats it")
        return False
    stats = dict(
        line.removeprefix("stat::").split(":", 1)
        for line in run.stderr.splitlines()
        if line.startswith("stat::")
    )
    units = stats["number_of_executed_units"].strip()
    kept = len(list(corpus.iterdir()))
    print(f"fuzz: {target} held for {units} inputs in {seconds} s; the corpus has {kept}")
    return True


def main() -> None:
    """Share the seconds among the targets, and fail if one did not hold."""
    seconds, *targets = sys.argv[1:] or ["60"]
    targets = targets or list(SEEDS)
    share = max(int(seconds) // len(targets), 1)
    held = [fuzz(target, share) for target in targets]
    sys.exit(not all(held))


if __name__ == "__main__":
    main()
