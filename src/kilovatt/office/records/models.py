"""Where Django looks for models: the face of the areas."""

from kilovatt.office.records.accounts.models import Account, AccountPlan
from kilovatt.office.records.bills.models import Bill, BillLine, BillLineLeg, Unbilled
from kilovatt.office.records.calls.models import Push, PushStanding, UnknownCaller
from kilovatt.office.records.commands.models import MeterOrder, OrderFrame, OrderList, SecondPersonRule
from kilovatt.office.records.concentrators.models import ListedMeter
from kilovatt.office.records.ledger.models import Transfer
from kilovatt.office.records.organisations.models import (
    DataKey,
    Organisation,
    OrganisationRole,
    ReadingPlan,
    ReadingPlanChange,
    StaffRole,
    VatStatus,
)
from kilovatt.office.records.people.models import AccountAccess, Person, User
from kilovatt.office.records.points.models import (
    Installation,
    Line,
    Meter,
    MeteringPoint,
    MeterSecret,
    TariffMap,
)
from kilovatt.office.records.readings.models import (
    Batch,
    ClockDeviation,
    Event,
    Finding,
    HeldApart,
    IntakeFrame,
    IntakeMeterDay,
    IntakeRegister,
    IntakeSample,
    LatestRegister,
    MeterStanding,
    ProfileGap,
    Session,
)
from kilovatt.office.records.scans.models import LineScan
from kilovatt.office.records.tariffs.models import PriceVersion, TariffPlan, ZonePrice
from kilovatt.office.records.work.models import Work

__all__ = [
    "Account",
    "AccountAccess",
    "AccountPlan",
    "Batch",
    "Bill",
    "BillLine",
    "BillLineLeg",
    "ClockDeviation",
    "DataKey",
    "Event",
    "Finding",
    "HeldApart",
    "Installation",
    "IntakeFrame",
    "IntakeMeterDay",
    "IntakeRegister",
    "IntakeSample",
    "LatestRegister",
    "Line",
    "LineScan",
    "ListedMeter",
    "Meter",
    "MeterOrder",
    "MeterSecret",
    "MeterStanding",
    "MeteringPoint",
    "OrderFrame",
    "OrderList",
    "Organisation",
    "OrganisationRole",
    "Person",
    "PriceVersion",
    "ProfileGap",
    "Push",
    "PushStanding",
    "ReadingPlan",
    "ReadingPlanChange",
    "SecondPersonRule",
    "Session",
    "StaffRole",
    "TariffMap",
    "TariffPlan",
    "Transfer",
    "Unbilled",
    "UnknownCaller",
    "User",
    "VatStatus",
    "Work",
    "ZonePrice",
]
