"""The head-end process of a site: holds lines, reads their meters as they are due, and keeps what comes.

    kilovatt headend [--lines 1000] [--metrics 127.0.0.1:9464]

Any number of them may run: each line is held by one, and moves on within a minute when its holder dies. What is due,
what somebody waits for and what is missing of the past are asked of the database every half-second.
"""

import argparse
import asyncio
import os
import signal

import django

from kilovatt.config.figures import FiguresAddressError, HeadendFigures
from kilovatt.config.open_files import limits_of_calls, raise_limit
from kilovatt.config.site import PortTakenError
from kilovatt.wire.headend.call_in.desk import call_in_desk

LINES_MAX = 1_000


async def read_for_ever(lines_max: int, metrics: str | None = None) -> None:
    """Hold lines and read them until told to stop; the sessions under way are accepted first."""
    from kilovatt.config.headend_process import HeadendProcess
    from kilovatt.office.operations.clock import site_clock

    call_in_desk().limits = limits_of_calls(raise_limit())
    figures = HeadendFigures()
    process = HeadendProcess(site_clock(), lines_max=lines_max, figures=figures)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    no_more_figures = figures.serve(metrics) if metrics else None
    try:
        await process.run()
    finally:
        if no_more_figures is not None:
            no_more_figures()


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES_MAX, metavar="N", help="hold at most so many lines")
    parser.add_argument("--metrics", metavar="HOST:PORT", help="tell figures of the process there, for Prometheus")
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kilovatt.config.settings")
    django.setup()
    try:
        asyncio.run(read_for_ever(asked.lines, asked.metrics))
    except (FiguresAddressError, PortTakenError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
