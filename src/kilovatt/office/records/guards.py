"""What the database itself refuses: transfers, issued bills and accepted values are never changed.

The triggers are made after every migration, because Django remakes a SQLite table to alter it and drops
its triggers; a system check refuses to go on without them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Guard:
    """One trigger: on `table`, before `event`, if `when` holds (OLD is the row), the statement is refused."""

    name: str
    table: str
    event: str
    when: str
    reason: str


_LINE_IS_ISSUED = "EXISTS (SELECT 1 FROM records_bill b WHERE b.id = OLD.bill_id AND b.issued_at IS NOT NULL)"
_LEG_IS_ISSUED = (
    "EXISTS (SELECT 1 FROM records_billline l JOIN records_bill b ON b.id = l.bill_id "
    "WHERE l.id = OLD.line_id AND b.issued_at IS NOT NULL)"
)
_INTAKE = {
    "records_intakemeterday": "meter_id, day_on, starts_at, step_s, uwh_per_count, a_plus, a_minus, r_plus, r_minus, "
    "qualities, exchanges, source, heard_at, digest, session_id",
    "records_intakeregister": "meter_id, quantity, tariff, moment, value, taken_at, heard_at, source, digest, "
    "session_id, exchange",
    "records_intakesample": "meter_id, taken_at, voltages_mv, currents_ma, power_w, frequency_mhz, tariff, "
    "relay_closed, digest, session_id, exchange",
    "records_intakeframe": "meter_id, session_id, exchange, request, answer, sent_at, took_ms, tries",
}

GUARDS: tuple[Guard, ...] = (
    Guard("transfer_kept", "records_transfer", "UPDATE", "TRUE", "a transfer is reversed, never edited"),
    Guard("transfer_stays", "records_transfer", "DELETE", "TRUE", "a transfer is reversed, never deleted"),
    Guard("bill_kept", "records_bill", "UPDATE", "OLD.issued_at IS NOT NULL", "an issued bill is never changed"),
    Guard("bill_stays", "records_bill", "DELETE", "OLD.issued_at IS NOT NULL", "an issued bill is never deleted"),
    Guard("bill_line_kept", "records_billline", "UPDATE", _LINE_IS_ISSUED, "a line of an issued bill is never changed"),
    Guard(
        "bill_line_stays", "records_billline", "DELETE", _LINE_IS_ISSUED, "a line of an issued bill is never deleted"
    ),
    Guard(
        "bill_leg_kept",
        "records_billlineleg",
        "UPDATE",
        _LEG_IS_ISSUED,
        "the readings of an issued bill are never changed",
    ),
    Guard(
        "bill_leg_stays",
        "records_billlineleg",
        "DELETE",
        _LEG_IS_ISSUED,
        "the readings of an issued bill are never deleted",
    ),
    Guard(
        "second_person_kept",
        "records_secondpersonrule",
        "UPDATE",
        "TRUE",
        "a rule of approval is said anew, not edited",
    ),
    Guard("second_person_stays", "records_secondpersonrule", "DELETE", "TRUE", "a rule of approval is never deleted"),
    Guard("plan_change_kept", "records_readingplanchange", "UPDATE", "TRUE", "who changed a plan is never changed"),
    *(
        Guard(
            f"{table.removeprefix('records_')}_kept",
            table,
            f"UPDATE OF {columns}",
            "TRUE",
            "an accepted value is never changed",
        )
        for table, columns in _INTAKE.items()
    ),
    *(
        Guard(
            f"{table.removeprefix('records_')}_stays",
            table,
            "DELETE",
            "OLD.batch_id IS NULL",
            "an accepted value leaves the intake only with its batch",
        )
        for table in _INTAKE
    ),
)


def raise_guards(**_signal: object) -> None:
    """Make every trigger anew, on whichever database was migrated."""
    alias = str(_signal.get("using", "default"))
    connection = connections[alias]
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for guard in GUARDS:
            if guard.table in present:
                for statement in _STATEMENTS[connection.vendor](guard):
                    cursor.execute(statement)


def check_guards(*, databases: Sequence[str] | None = None, **_options: object) -> Iterable[CheckMessage]:
    """A system check (of the databases): every guard stands."""
    for alias in databases or ():
        connection = connections[alias]
        if "records_transfer" not in connection.introspection.table_names():
            continue  # before the first migration there is nothing to guard
        missing = [guard.name for guard in GUARDS if guard.name not in standing_guards(connection)]
        if missing:
            yield Error(
                f"The database does not refuse changes of what must not change: {', '.join(missing)} missing.",
                hint="Run `kilovatt migrate`.",
                id="records.E001",
            )


def standing_guards(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of the guards the database has."""
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}


def _sqlite(guard: Guard) -> tuple[str, ...]:
    trigger = (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} FOR EACH ROW WHEN {guard.when} "
        f"BEGIN SELECT RAISE(ABORT, '{guard.reason}'); END"
    )
    return (f"DROP TRIGGER IF EXISTS {guard.name}", trigger)


def _postgresql(guard: Guard) -> tuple[str, ...]:
    function = (
        f"CREATE OR REPLACE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN IF {guard.when} "
        f"THEN RAISE EXCEPTION USING MESSAGE = '{guard.reason}', ERRCODE = 'integrity_constraint_violation'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $body$"
    )
    trigger = (
        f"CREATE OR REPLACE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {guard.name}()"
    )
    return (function, trigger)


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
