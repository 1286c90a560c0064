"""What a head-end process tells of itself, in Prometheus' format; no figure has a label per meter or per line.

    figures = HeadendFigures()
    figures.serve("127.0.0.1:9464")

Counters are advanced where something happens; what merely is (lines held, errands waiting, bytes so far) is asked when
somebody looks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kilovatt.config.site import PortTakenError
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.record import Traffic
from kilovatt.wire.headend.served_lines import Rank

_SESSION_S = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 900)
_ACCEPT_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
_CHORES_S = (0.1, 1, 10, 60, 300, 900)


class FiguresAddressError(ValueError):
    """An address to tell figures at that is none."""


@dataclass(frozen=True, slots=True)
class Present:
    """What is asked of a process when somebody looks."""

    lines_held: Callable[[], int]
    waiting: Callable[[], Mapping[Rank, int]]
    traffic: Traffic


class HeadendFigures:
    """The figures of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._sessions = Counter(
            "kilovatt_sessions",
            "Sessions with meters that were accepted.",
            ["outcome", "language"],
            registry=self.registry,
        )
        self._exchanges = Counter(
            "kilovatt_exchanges", "Requests that were to be answered, each counted once.", registry=self.registry
        )
        self._retries = Counter("kilovatt_retries", "Requests that were sent again.", registry=self.registry)
        self._session_s = Histogram(
            "kilovatt_session_seconds",
            "How long sessions took, from opening to the end.",
            buckets=_SESSION_S,
            registry=self.registry,
        )
        self._accept_s = Histogram(
            "kilovatt_accept_seconds",
            "How long it took to accept a session, the commit included.",
            buckets=_ACCEPT_S,
            registry=self.registry,
        )
        self._chores_s = Histogram(
            "kilovatt_chores_seconds",
            "How long rounds of chores took: gaps, lake, judgement, bills.",
            buckets=_CHORES_S,
            registry=self.registry,
        )
        self._chores_at = Gauge(
            "kilovatt_last_chores_timestamp_seconds",
            "When this process last ended a round of chores.",
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)

    def watch(self, present: Present) -> None:
        """Tell also what a process is at."""
        self.registry.register(_PresentCollector(present))

    def session_accepted(self, report: SessionReport, *, took_s: float) -> None:
        """Count a session."""
        self._sessions.labels(report.outcome.value, report.language).inc()
        self._exchanges.inc(report.exchanges_made)
        self._retries.inc(report.retries)
        self._session_s.observe((report.ended_at - report.started_at).total_seconds())
        self._accept_s.observe(took_s)

    def chores_done(self, *, took_s: float, at: datetime) -> None:
        """Count a round of chores."""
        self._chores_s.observe(took_s)
        self._chores_at.set(at.timestamp())

    def serve(self, address: str) -> Callable[[], None]:
        """Answer GET at HOST:PORT from a thread of its own; return what ends that.

        Raises FiguresAddressError for what is no address, and PortTakenError where nothing can listen.
        """
        host, port = host_and_port(address)
        try:
            server, thread = start_http_server(port, host, registry=self.registry)
        except OSError as error:
            raise PortTakenError(
                gettext_noop("Figures cannot be told at %(host)s:%(port)s: %(reason)s. Choose another --metrics."),
                host=host,
                port=port,
                reason=error.strerror,
            ) from error

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


class _PresentCollector(Collector):
    def __init__(self, present: Present) -> None:
        self._present = present

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("kilovatt_lines_held", "Lines this process holds.", value=self._present.lines_held())
        waiting = GaugeMetricFamily("kilovatt_errands_waiting", "Errands whose turn has not come.", labels=["rank"])
        for rank, count in self._present.waiting().items():
            waiting.add_metric([rank.name.lower()], count)
        yield waiting
        traffic = self._present.traffic
        line_bytes = CounterMetricFamily(
            "kilovatt_line_bytes", "Bytes that went over lines, repeated and damaged ones included.", labels=["way"]
        )
        line_bytes.add_metric(["sent"], traffic.sent)
        line_bytes.add_metric(["heard"], traffic.heard)
        yield line_bytes


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of HOST:PORT. Raises FiguresAddressError."""
    parts = urlsplit(f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path or parts.username is not None:
        raise FiguresAddressError(f"HOST:PORT is wanted, such as 127.0.0.1:9464: got {address!r}")
    return host, port
