"""The reading process of a site: a round at once and then every so many minutes, until told to stop.

python -m kilovatt.config.reading --every 30
"""

import argparse
import asyncio
import logging
import signal

import django

_log = logging.getLogger(__name__)


async def read_for_ever(every_minutes: int) -> None:
    """Round after round; a stop lets the sessions under way be accepted first."""
    from kilovatt.config.rounds import Tally, keep_and_judge, read_round
    from kilovatt.office.operations.billing import bill_last_month
    from kilovatt.office.operations.clock import site_clock
    from kilovatt.office.operations.reading_plan import lines_to_read
    from kilovatt.wire.headend.polling import Headend

    clock = site_clock()
    headend = Headend(clock)
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        headend.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    while not stopped.is_set():
        tally = Tally()
        lines = await asyncio.to_thread(lines_to_read, now=clock.now())
        await read_round(headend, clock, lines, tally.count)
        _log.info(
            "read: %s", ", ".join(f"{name} {count}" for name, count in sorted(tally.sessions.items())) or "nothing"
        )
        await asyncio.to_thread(keep_and_judge, clock)
        await asyncio.to_thread(bill_last_month, now=clock.now())
        try:
            await asyncio.wait_for(stopped.wait(), every_minutes * 60)
        except TimeoutError:
            continue


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=30, metavar="MINUTES")
    every_minutes = parser.parse_args().every
    django.setup()
    asyncio.run(read_for_ever(every_minutes))


if __name__ == "__main__":
    main()
