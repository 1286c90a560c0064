"""What a head-end process tells of itself: figures that Prometheus reads, and none of them of one meter."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kilovatt.config.figures import FiguresAddressError, HeadendFigures, Present, host_and_port
from kilovatt.config.site import PortTakenError
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.wire.headend.record import Traffic
from kilovatt.wire.headend.served_lines import Rank
from on_record import NOW, report_of


def report(outcome: Outcome = Outcome.OK, *, meter_id: int = 4711, seconds: float = 2.0) -> SessionReport:
    meter = SimpleNamespace(pk=meter_id)
    made = report_of(meter, Learnt(), outcome=outcome)  # type: ignore[arg-type]  # its number is all that is looked at
    return replace(made, ended_at=made.started_at + timedelta(seconds=seconds), exchanges_made=31, retries=2)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def figures() -> HeadendFigures:
    told = HeadendFigures()
    waiting = {rank: int(rank) + 1 for rank in Rank}
    told.watch(Present(lambda: 7, lambda: waiting, Traffic(sent=100, heard=300)))
    return told


@pytest.fixture
def page(figures: HeadendFigures, free_port: int) -> Iterator[str]:
    stop = figures.serve(f"127.0.0.1:{free_port}")
    yield f"http://127.0.0.1:{free_port}/metrics"
    stop()


def told(page: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    with urllib.request.urlopen(page, timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(page: str, name: str, **labels: str) -> float:
    return told(page)[name, frozenset(labels.items())]


def test_sessions_are_counted_by_how_they_ended_and_by_language(figures: HeadendFigures, page: str) -> None:
    for outcome in (Outcome.OK, Outcome.OK, Outcome.SILENCE):
        figures.session_accepted(report(outcome), took_s=0.004)
    assert value(page, "kilovatt_sessions_total", outcome="ok", language="mercury-v2") == 2
    assert value(page, "kilovatt_sessions_total", outcome="silence", language="mercury-v2") == 1
    assert value(page, "kilovatt_exchanges_total") == 93
    assert value(page, "kilovatt_retries_total") == 6
    assert value(page, "kilovatt_session_seconds_sum") == 6
    assert value(page, "kilovatt_session_seconds_bucket", le="3.0") == 3
    assert value(page, "kilovatt_accept_seconds_bucket", le="0.003") == 0
    assert value(page, "kilovatt_accept_seconds_bucket", le="0.01") == 3


def test_what_a_process_is_at_is_asked_when_somebody_looks(page: str) -> None:
    assert value(page, "kilovatt_lines_held") == 7
    assert value(page, "kilovatt_errands_waiting", rank="on_demand") == 1
    assert value(page, "kilovatt_errands_waiting", rank="back_fill") == 4
    assert value(page, "kilovatt_line_bytes_total", way="sent") == 100
    assert value(page, "kilovatt_line_bytes_total", way="heard") == 300
    assert value(page, "process_resident_memory_bytes") > 0


def test_chores_tell_how_long_they_took_and_when_they_ended(figures: HeadendFigures, page: str) -> None:
    figures.chores_done(took_s=12.5, at=NOW)
    assert value(page, "kilovatt_last_chores_timestamp_seconds") == NOW.timestamp()
    assert value(page, "kilovatt_chores_seconds_bucket", le="60.0") == 1


def test_ten_thousand_meters_need_no_more_figures_than_one(figures: HeadendFigures, page: str) -> None:
    figures.session_accepted(report(), took_s=0.001)
    before = told(page).keys()
    for meter_id in range(10_000):
        figures.session_accepted(report(meter_id=meter_id), took_s=0.001)
    assert told(page).keys() == before
    assert not any("meter" in name or "line_id" in name for _, labels in before for name, _ in labels)


def test_two_processes_in_one_interpreter_keep_their_figures_apart() -> None:
    first, second = HeadendFigures(), HeadendFigures()
    first.session_accepted(report(), took_s=0.1)
    assert second.registry.get_sample_value("kilovatt_exchanges_total") == 0


def test_a_port_that_is_taken_is_said(figures: HeadendFigures) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"127\.0\.0\.1:{port}: .*in use.*--metrics"):
            figures.serve(f"127.0.0.1:{port}")


def test_nothing_listens_any_more_once_it_was_stopped(figures: HeadendFigures, free_port: int) -> None:
    threads = threading.active_count()
    figures.serve(f"127.0.0.1:{free_port}")()
    assert threading.active_count() == threads
    with socket.create_server(("127.0.0.1", free_port)):
        pass


@pytest.mark.parametrize(
    ("address", "parts"), [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:80", ("::1", 80)), ("a.b:1", ("a.b", 1))]
)
def test_an_address_is_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert host_and_port(address) == parts


@pytest.mark.parametrize("address", ["", "9464", ":9464", "host", "host:", "host:x", "host:70000", "u@host:1", "h:1/x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(FiguresAddressError, match="HOST:PORT is wanted"):
        host_and_port(address)
