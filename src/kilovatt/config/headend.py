"""The head-end process of a site: holds lines, reads their meters as they are due, and keeps what comes.

    python -m kilovatt.config.headend [--lines 1000]

Any number of them may run: each line is held by one, and moves on within a minute when its holder dies. What is due,
what somebody waits for and what is missing of the past are asked of the database every half-second.
"""

import argparse
import asyncio
import os
import signal

import django

LINES_MAX = 1_000


async def read_for_ever(lines_max: int) -> None:
    """Hold lines and read them until told to stop; the sessions under way are accepted first."""
    from kilovatt.config.headend_process import HeadendProcess
    from kilovatt.office.operations.clock import site_clock

    process = HeadendProcess(site_clock(), lines_max=lines_max)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    await process.run()


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES_MAX, metavar="N", help="hold at most so many lines")
    lines_max = parser.parse_args().lines
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kilovatt.config.settings")
    django.setup()
    asyncio.run(read_for_ever(lines_max))


if __name__ == "__main__":
    main()
