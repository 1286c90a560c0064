"""The account answers first what is owed and until when; below it stands what is behind it, and what is not known."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_owner
from kilovatt.office.records.models import (
    Account,
    AccountPlan,
    Event,
    Installation,
    LatestRegister,
    Meter,
    MeteringPoint,
    MeterStanding,
    Person,
    PriceVersion,
    Transfer,
    Unbilled,
    ZonePrice,
)
from looked_at import Town, live_at, words
from on_record import NOW, register, report_of

FILLED_IN = "When it answers, measured values take their place."
HOSTILE = "<script>alert('1')</script>"


def test_the_account_says_what_is_owed_and_until_when(owner: Client) -> None:
    # 100.250 kWh × 8.98 ₽ = 900.25 ₽, 109.140 kWh × 3.71 ₽ = 404.91 ₽; the 15th of November is past on the 24th.
    said = words(owner, "/accounts/000001/")
    assert "Was to be paid by 15 November 2026 ₽1,305.16 How to pay" in said


def test_before_the_day_it_is_to_be_paid_by_it_is_not_called_late(owner: Client, settings: Settings) -> None:
    live_at(settings, datetime(2026, 11, 10, 9, tzinfo=UTC))
    assert "To be paid by 15 November 2026" in words(owner, "/accounts/000001/")


def test_the_account_speaks_russian_with_russian_figures(owner: Client) -> None:
    said = words(owner, "/accounts/000001/", "ru")
    assert "Надо было оплатить до 15 ноября 2026 1 305,16 ₽ Как оплатить" in said
    assert "Показания снимаются сами, вводить ничего не нужно." in said


def test_what_is_paid_ahead_is_said_as_such(owner: Client, town: Town) -> None:
    account = Account.objects.get(number="000001")
    Transfer.objects.create(
        transfer_id="8d6b0c53-7fd0-4c0e-8a0f-2f8a3a1c5a55",
        organisation=town.association,
        debit_account="bank",
        credit_account=f"customer:{account.pk}",
        amount_kopecks=130_517,
        code="payment",
        cause="test",
        happened_on=date(2026, 11, 20),
        recorded_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    said = words(owner, "/accounts/000001/")
    assert "Paid ahead ₽0.01" in said
    assert "How to pay" not in said


def test_the_running_month_is_told_as_a_running_figure(owner: Client) -> None:
    # 50.000 kWh × 8.98 ₽ = 449.00 ₽ and 20.000 kWh × 3.71 ₽ = 74.20 ₽ since the first midnight of November.
    said = words(owner, "/accounts/000001/")
    assert "November 2026 ₽523.20 70.00 kWh day 50.00 kWh ₽449.00 night 20.00 kWh ₽74.20 A running figure" in said
    assert "not a bill: the month goes on." in said


def test_each_newest_reading_leads_to_its_frame(owner: Client, town: Town) -> None:
    page = owner.get("/accounts/000001/").content.decode()
    assert all(f'href="/frames/{town.session_id}/{exchange}/"' in page for exchange in (7, 8, 9))
    assert "night 24 Nov 2026, 12:00 629.140 frame" in words(owner, "/accounts/000001/")


def test_an_event_is_told_in_words_with_its_length(owner: Client) -> None:
    assert "Terminal cover opened 22 Nov 2026, 17:25, for 12 min." in words(owner, "/accounts/000001/")


def chart(client: Client, query: str = "") -> dict[str, object]:
    response = client.get(f"/accounts/000001/profile.json{query}", headers={"accept-language": "en"})
    assert response.status_code == 200
    data: dict[str, object] = json.loads(response.content)
    return data


def test_the_chart_of_a_day_keeps_measured_estimated_and_missing_apart(owner: Client) -> None:
    day = chart(owner)
    bars = day["bars"]
    assert isinstance(bars, list)
    assert day["title"] == "Monday, 23\u00a0November\u00a02026"
    assert [bar["state"] for bar in bars] == (
        ["measured"] * 14 + ["estimated"] * 2 + ["missing"] * 2 + ["measured"] * 30
    )
    # Zones: day, night. 100 counts of 0.5 Wh at night, 300 estimated by day, 400 measured by day.
    assert [bars[place]["measured"] for place in (0, 14, 16, 20)] == [[0, 50], [0, 0], [0, 0], [200, 0]]
    assert [bars[place]["estimated"] for place in (0, 14, 16, 20)] == [[0, 0], [150, 0], [0, 0], [0, 0]]
    assert [bars[place]["earlier"] for place in (0, 47)] == [100, 100]
    assert bars[14]["says"] == "07:00–07:30: 0.150 kWh, day, estimated; a week before 0.100"
    assert bars[16]["says"] == "08:00–08:30: nothing is known"
    assert day["notes"] == [
        "Hatched: estimated, because the meter was not heard (07:00–08:00). " + FILLED_IN,
        "Empty: nothing is known of 08:00–09:00. It is no zero, and it is asked for.",
    ]


def test_the_chart_of_a_month_says_which_days_have_holes_and_of_which_nothing_is_known(owner: Client) -> None:
    month = chart(owner, "?view=days&on=2026-11-23")
    bars = month["bars"]
    assert isinstance(bars, list)
    assert [number for number, bar in enumerate(bars, start=1) if bar["state"] != "missing"] == [16, 23]
    assert (bars[22]["state"], bars[22]["measured"], bars[22]["estimated"]) == ("partial", [5600, 1100], [300, 0])
    assert month["notes"] == [
        "Hatched: estimated. When the meter answers, measured values take their place.",
        "Nothing is known of 21 days.",
        "1 day has holes: its bar shows only what is known.",
    ]


def test_the_chart_of_months_counts_as_bills_do(owner: Client) -> None:
    months = chart(owner, "?view=months")
    bars = months["bars"]
    assert isinstance(bars, list)
    assert [(bar["says"], bar["measured"]) for bar in bars] == [
        ("September\u00a02026: nothing is known", [0, 0]),
        ("October\u00a02026: 209.39 kWh (day 100.25, night 109.14)", [100_250, 109_140]),
    ]


@pytest.mark.parametrize(
    "query", ["?view=x&on=y", "?on=0001-01-01", "?on=9999-12-31", "?view=days&on=", "?on=2026-02-30"]
)
def test_whatever_stretch_of_time_is_asked_for_the_chart_stays_within_the_account(owner: Client, query: str) -> None:
    assert chart(owner, query)["view"] in {"day", "days"}
    assert owner.get(f"/accounts/000001/{query}").status_code == 200
    assert owner.get(f"/accounts/000001/profile/{query}").status_code == 200


def test_what_was_used_before_the_account_was_opened_is_not_shown(owner: Client) -> None:
    Account.objects.filter(number="000001").update(opened_on=date(2026, 11, 20))
    first = chart(owner, "?on=2026-11-16")
    assert first["title"] == "Friday, 20\u00a0November\u00a02026"
    assert first["earlierUrl"] == ""
    bars = chart(owner, "?on=2026-11-23")["bars"]
    assert isinstance(bars, list)
    assert {bar["earlier"] for bar in bars} == {None}
    days = chart(owner, "?view=days&on=2026-11-23")["bars"]
    assert isinstance(days, list)
    assert [bar["label"] for bar in days] == ["20", "21", "22", "23"]


def test_the_table_says_what_the_chart_shows_and_leads_to_the_frames(owner: Client, town: Town) -> None:
    said = words(owner, "/accounts/000001/profile/?on=2026-11-23")
    assert "07:00–07:30 day 0.150 0.100 estimated" in said
    assert "08:00–08:30 day — 0.100 missing" in said
    assert "Together, estimates included 7.00" in said
    assert f"/frames/{town.session_id}/9/" in owner.get("/accounts/000001/profile/?on=2026-11-23").content.decode()


def test_nothing_of_the_profile_is_kept_by_caches(owner: Client) -> None:
    assert owner.get("/accounts/000001/profile.json").headers["Cache-Control"] == "private, no-store"


def test_a_silent_meter_is_told_of_calmly(owner: Client, town: Town) -> None:
    accept(
        report_of(town.meter, Learnt(), name="silent", outcome=Outcome.SILENCE),
        now=NOW,
    )
    said = words(owner, "/accounts/000001/")
    assert "The meter has not been heard since 24 Nov 2026, 12:00. СНТ «Ромашка» sees it; nothing is lost" in said


def test_a_month_without_a_bill_says_why(owner: Client) -> None:
    account = Account.objects.get(number="000001")
    Unbilled.objects.create(
        account=account,
        period_first_on=date(2026, 10, 1),
        reason="missing_register",
        detail={},
        noticed_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    said = words(owner, "/accounts/000001/")
    assert "No bill for the last month: a register at its first or last midnight is missing. It is made" in said


def test_a_new_account_is_told_what_comes_first(town: Town) -> None:
    point = MeteringPoint.objects.create(organisation=town.association, name="участок 3")
    person = Person.objects.create(full_name="Новосёлов Пётр")
    Account.objects.create(
        organisation=town.association, number="000003", point=point, person=person, opened_on=date(2026, 11, 24)
    )
    client = Client()
    client.force_login(register_owner(town.association, username="new", password="new", account_numbers=["000003"]))
    said = words(client, "/accounts/000003/")
    assert "There is no bill yet: the first one comes when the first whole month is over." in said
    assert "Nothing has been read yet. The first readings appear here by themselves." in said


def test_a_closed_account_keeps_its_bills_and_shows_no_meter(owner: Client) -> None:
    Account.objects.filter(number="000001").update(closed_on=date(2026, 11, 20))
    said = words(owner, "/accounts/000001/")
    assert "This account was closed on 20.11.2026." in said
    assert "October 2026 ₽1,305.16" in said
    assert "Now" not in said.split()
    assert chart(owner, "?on=2026-11-23")["title"] == "Thursday, 19\u00a0November\u00a02026"


def test_a_meter_behind_transformers_shows_its_ratio_and_real_energy(owner: Client) -> None:
    Installation.objects.filter(meter__serial="41000001").update(ratio=20)
    assert "readings are at its terminals: times 20 by its transformers" in words(owner, "/accounts/000001/")
    bars = chart(owner)["bars"]
    assert isinstance(bars, list)
    assert bars[0]["measured"] == [0, 1000]


def test_a_meter_without_a_profile_shows_months(owner: Client, town: Town) -> None:
    town.meter.model_key = "mercury-200-04"
    town.meter.save()
    assert chart(owner, "?view=day")["view"] == "months"
    said = words(owner, "/accounts/000001/")
    assert "This meter keeps no half-hours: its months come from its registers, as the bills do." in said


def test_several_places_under_one_login_are_chosen_at_the_head(town: Town) -> None:
    user = register_owner(town.association, username="both", password="x", account_numbers=["000001", "000002"])
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    assert client.get("/").headers["Location"] == "/accounts/"
    assert "My places 2 Place Account Owed участок 1 000001 ₽1,305.16 участок 2 000002" in words(client, "/accounts/")
    page = client.get("/accounts/000002/").content.decode()
    assert 'href="/accounts/000001/"' in page


def test_names_of_people_and_places_are_never_read_as_markup(owner: Client, operator: Client, town: Town) -> None:
    for number, point in enumerate(MeteringPoint.objects.all()):
        MeteringPoint.objects.filter(pk=point.pk).update(name=f"{HOSTILE} {number}", address=HOSTILE)
    Person.objects.update(full_name=HOSTILE)
    type(town.association).objects.update(name=HOSTILE, phone=HOSTILE[:32])
    town.meter.serial = HOSTILE[:32]
    town.meter.save()
    pages = ["/accounts/000001/", "/accounts/", f"/bills/{town.bill}/", f"/bills/{town.bill}/lines/1/"]
    pages += [f"/accounts/000001/profile/?on={HOSTILE}", f"/accounts/?q={HOSTILE}", f"/frames/{town.session_id}/5/"]
    for page in [*pages, "/console/meters/", f"/console/meters/{town.meter.pk}/", "/console/events/"]:
        body = operator.get(page).content.decode()
        assert "<script>alert" not in body, page
        assert "onerror" not in body, page


def test_an_operator_finds_an_account_by_number_place_or_name(operator: Client) -> None:
    assert "Accounts 1" in words(operator, "/accounts/?q=участок 2")
    assert "000001" in words(operator, "/accounts/?q=000001")
    assert "No account is like that." in words(operator, "/accounts/?q=nobody")


def test_an_account_needs_few_queries(owner: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    owner.get("/accounts/000001/")
    with django_assert_max_num_queries(36):
        owner.get("/accounts/000001/")


def test_registers_that_never_counted_are_left_out(owner: Client, town: Town) -> None:
    standing = LatestRegister.objects.get(meter=town.meter, tariff=2, quantity="a_plus")
    LatestRegister.objects.create(
        meter=town.meter,
        quantity="a_plus",
        tariff=4,
        value=0,
        taken_at=standing.taken_at,
        heard_at=standing.heard_at,
        session=standing.session,
        exchange=standing.exchange,
    )
    assert "tariff 4" not in words(owner, "/accounts/000001/")


def newest(meter: Meter, at: datetime, **wh: int) -> None:
    """Let the newest registers be these, taken at an instant."""
    values = tuple(register(wh[f"t{tariff}"], tariff=tariff, at=at) for tariff in (1, 2) if f"t{tariff}" in wh)
    accept(report_of(meter, Learnt(registers=values), name=f"newest {at}", at=at), now=at)


def test_without_a_reading_at_its_beginning_the_running_month_is_not_told(owner: Client, town: Town) -> None:
    Account.objects.filter(number="000001").update(opened_on=date(2026, 11, 10))
    assert "a reading at its beginning is missing. It is asked for." in words(owner, "/accounts/000001/")


def test_before_the_first_reading_of_a_month_nothing_is_said_of_it(owner: Client, settings: Settings) -> None:
    live_at(settings, datetime(2026, 12, 1, 6, tzinfo=UTC))
    assert "A running figure" not in words(owner, "/accounts/000001/")


def test_a_reading_of_the_midnight_at_which_prices_change_is_of_the_old_price(
    owner: Client, town: Town, settings: Settings
) -> None:
    version = PriceVersion.objects.get()
    PriceVersion.objects.filter(pk=version.pk).update(valid_until=date(2026, 11, 25))
    dearer = PriceVersion.objects.create(plan=version.plan, valid_from=date(2026, 11, 25), source="dearer")
    ZonePrice.objects.create(version=dearer, zone="day", price_microrub_per_kwh=10_000_000)
    ZonePrice.objects.create(version=dearer, zone="night", price_microrub_per_kwh=5_000_000)
    midnight = datetime(2026, 11, 24, 21, tzinfo=UTC)
    live_at(settings, midnight + timedelta(hours=6))
    newest(town.meter, midnight, t1=1_200_250, t2=629_140)
    # 100.000 kWh × 8.98 ₽ = 898.00 ₽ and 20.000 kWh × 3.71 ₽ = 74.20 ₽
    assert "November 2026 ₽972.20 120.00 kWh" in words(owner, "/accounts/000001/")


def test_an_account_without_a_plan_shows_its_energy_and_no_prices(owner: Client) -> None:
    AccountPlan.objects.all().delete()
    said = words(owner, "/accounts/000001/")
    assert "for a kWh" not in said
    assert "A running figure" not in said
    zones = chart(owner)["zones"]
    assert isinstance(zones, list)
    assert [(zone["name"], zone["total"]) for zone in zones] == [("all day", "7.00")]


def test_a_relay_that_is_open_is_told_to_the_owner(owner: Client, town: Town) -> None:
    MeterStanding.objects.filter(meter=town.meter).update(
        power_w=0, voltage_mv=230_000, relay_closed=False, instant_at=NOW
    )
    assert "0 W 230.0 V, at the last reading, 24 Nov 2026, 12:00 Supply is switched off at the meter" in words(
        owner, "/accounts/000001/"
    )


def test_an_event_that_goes_on_is_told_as_going_on(owner: Client, town: Town) -> None:
    Event.objects.filter(meter=town.meter).update(ended_at=None)
    assert "Terminal cover opened since 22 Nov 2026, 17:25, not over yet." in words(owner, "/accounts/000001/")


def test_a_day_of_which_nothing_is_known_shows_no_zeros(owner: Client) -> None:
    empty = chart(owner, "?on=2026-11-10")
    zones = empty["zones"]
    assert isinstance(zones, list)
    assert ([zone["total"] for zone in zones], empty["isKnown"]) == (["–", "–"], False)
    assert "Nothing is known of this time." in words(owner, "/accounts/000001/?on=2026-11-10")


def test_tariffs_that_never_counted_do_not_keep_the_running_month_back(owner: Client, town: Town) -> None:
    at = NOW + timedelta(minutes=1)
    values = tuple(register(wh, tariff=tariff, at=at) for tariff, wh in ((1, 1_150_250), (2, 629_140), (3, 0), (4, 0)))
    accept(report_of(town.meter, Learnt(registers=values), name="four tariffs", at=at), now=at)
    assert "November 2026 ₽523.20" in words(owner, "/accounts/000001/")
