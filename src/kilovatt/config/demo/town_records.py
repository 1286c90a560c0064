"""The simulated town put on record, as an operator would have entered it."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from kilovatt.config.demo.prices import TITLES, example_plans, plan_code
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.zones import ZoneScheme, tariff_map
from kilovatt.office.operations.billing.tariff_plans import publish_plan
from kilovatt.office.operations.registration import (
    OrganisationFacts,
    PlaceFacts,
    register_line,
    register_operator,
    register_organisation,
    register_owner,
    register_places,
)
from kilovatt.office.records.models import Organisation
from kilovatt.quantities.periods import last_full_month
from kilovatt.wire.simulator.plan import MeterPlan, TownPlan

_SCHEMES = {1: ZoneScheme.ONE, 2: ZoneScheme.TWO, 3: ZoneScheme.THREE}
_PATIENCE_MS, _SHORT_PATIENCE_MS = 5_000, 500
"""Waiting long costs nothing where every meter answers, and much on a line that loses answers."""
_QUIET_MS = 60
_SURNAMES = (
    "Иванов",
    "Смирнов",
    "Кузнецов",
    "Попов",
    "Васильев",
    "Петров",
    "Соколов",
    "Михайлов",
    "Новиков",
    "Фёдоров",
)
_GIVEN = ("А. В.", "Е. Н.", "И. П.", "М. С.", "О. Д.", "Т. Г.", "Н. А.")
_WORDS = ("клён", "сосна", "рябина", "берёза", "яблоня", "вишня", "липа", "ольха", "ива", "дуб")
_ASSOCIATION = OrganisationFacts(
    code="romashka",
    name="СНТ «Ромашка» (пример)",
    kind=Organisation.Kind.ASSOCIATION,
    inn="7700000000",
    bank_name="БАНК ДЛЯ ПРИМЕРА",
    bic="044525000",
    settlement_account="40703810000000000001",
    correspondent_account="30101810000000000000",
    phone="+7 495 000-00-00",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """How to look at the town: an operator, and the owner of some of its places."""

    operator: str
    operator_password: str
    owner: str
    owner_password: str
    owner_accounts: tuple[str, ...]


def put_town_on_record(plan: TownPlan, ports: Mapping[str, int], host: str) -> Organisation:
    """Register the association, its lines, meters, accounts and plans; again changes only where lines listen."""
    for tariff_plan in example_plans():
        title_en, title_ru = TITLES[tariff_plan.scheme]
        publish_plan(tariff_plan, title_en=title_en, title_ru=title_ru)
    association = register_organisation(_ASSOCIATION)
    for line in plan.lines:
        url = f"tcp://{host}:{ports[line.name]}"
        patience_ms = _SHORT_PATIENCE_MS if any(other.faults.kinds for other in plan.lines) else _PATIENCE_MS
        register_line(association, name=line.name, url=url, answer_timeout_ms=patience_ms, quiet_ms=_QUIET_MS)
    since_on = last_full_month(plan.now, ZoneInfo(plan.zone))
    places = [_place(number, meter, since_on) for number, meter in enumerate(plan.meters, start=1)]
    register_places(association, places)
    return association


def account_number(number: int) -> str:
    """The account of the meter that was planned `number`th, from 1."""
    return f"{number:06d}"


def logins_of(directory: Path, association: Organisation, meters: int) -> Logins:
    """Return the logins of a town, made at the first call and kept in a file that only its owner can read."""
    file = directory / "logins.json"
    if not file.exists():
        numbers = tuple(account_number(number) for number in (5, 9, 14) if number <= meters) or (account_number(1),)
        made = Logins(
            operator="operator",
            operator_password=_memorable(),
            owner=numbers[0],
            owner_password=_memorable(),
            owner_accounts=numbers,
        )
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(made), ensure_ascii=False), encoding="utf-8")
        draft.replace(file)
    values = json.loads(file.read_text(encoding="utf-8"))
    logins = Logins(**(values | {"owner_accounts": tuple(values["owner_accounts"])}))
    register_operator(association, username=logins.operator, password=logins.operator_password)
    register_owner(
        association,
        username=logins.owner,
        password=logins.owner_password,
        account_numbers=logins.owner_accounts,
    )
    return logins


def _place(number: int, meter: MeterPlan, since_on: date) -> PlaceFacts:
    scheme = _SCHEMES[meter.zones]
    return PlaceFacts(
        account_number=account_number(number),
        person_name=f"{_SURNAMES[number % len(_SURNAMES)]} {_GIVEN[number % len(_GIVEN)]}",
        point_name=f"участок {number}",
        address=f"СНТ «Ромашка», участок {number}",
        model_key=meter.model,
        serial=f"{meter.serial:08d}",
        meter_address=meter.address,
        # What the operator believes: a meter whose password was changed keeps its secret.
        meter_password=model_by_key(meter.model).factory_passwords.get(1),
        line_name=meter.line,
        ratio=meter.ratio,
        plan_code=plan_code(scheme),
        zone_of_tariff=tariff_map(scheme),
        since_on=since_on,
    )


def _memorable() -> str:
    words = "-".join(secrets.choice(_WORDS) for _ in range(2))
    return f"{words}-{secrets.randbelow(9000) + 1000}"
