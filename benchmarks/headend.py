"""Speed of the head-end, part by part; CPU time is that of the process that reads.

    .venv/bin/python benchmarks/headend.py day       day sessions against a bare epoll client
    .venv/bin/python benchmarks/headend.py crowd     10,000 sessions at once over lines of 200 ms
    .venv/bin/python benchmarks/headend.py callins   10,000 modems and meters that call in
    .venv/bin/python benchmarks/headend.py line      a line of 9600 baud with 32 meters
    .venv/bin/python benchmarks/headend.py town      a whole site, SQLite or PostgreSQL, one process or several

Each part says with `--help` what sizes it takes, and with `--json` its figures for programs. What was measured last
stands in docs/reference/performance.md.
"""

import importlib
import sys

PARTS = ("day", "crowd", "callins", "line", "town")


def main() -> None:
    """Run the part that is named."""
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit(__doc__)
    # One by one: what a part imports is part of the memory it measures.
    importlib.import_module(f"headend_{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    main()
