"""A search over a line as pages show it: where it stands in a sentence, who was found, and where it has been."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.scans import ScanState
from kilovatt.office.console.scan_pictures import Picture, picture
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.new_meters import Known, OnRecord, on_record
from kilovatt.office.pages import scan_words
from kilovatt.office.records.models import Installation, LineScan

MODELS_SHOWN = 4
WALKED_WHEN_CROWDED = "short"
"""The way whose addresses are few enough to be walked where several answer at once."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence about a search, and the colour of its dot; none is calm."""

    text: str
    dot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """A meter that was found, and what can be done with it."""

    address: str
    language: str
    speed: str
    serial: str
    models: str
    told: str
    known: str
    meter_id: int | None
    is_new: bool
    record_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScan:
    """A search, in words."""

    scan_id: str
    is_under_way: bool
    said: list[Said]
    trying: str
    done: int
    total: int
    left: str
    findings: list[ShownFinding]
    advice: list[str]
    scope: list[tuple[str, str]]
    picture: Picture | None


def shown_scan(scan: LineScan, *, is_held: bool) -> ShownScan:
    """Return a search in words. `is_held`: whether some process holds its line now."""
    state = ScanState(scan.state)
    zone = ZoneInfo(scan.line.organisation.zone_name)
    progress: Mapping[str, Any] = scan.progress if state is ScanState.RUNNING else {}
    found = on_record(scan.line, scan.found)
    return ShownScan(
        scan_id=str(scan.pk),
        is_under_way=not state.is_over,
        said=list(_said(scan, state, found, zone=zone, is_held=is_held)),
        trying=_trying(progress) if progress else "",
        done=progress.get("done", 0),
        total=progress.get("done", 0) + progress.get("left", 0) + 1 if progress else 0,
        left=time_text(progress["seconds_left"]) if progress else "",
        findings=[_finding(scan, one, known) for one, known in zip(scan.found, found, strict=True)],
        advice=list(_advice(scan, state)),
        scope=list(scope_words(scan.wishes)),
        picture=picture(scan.walked),
    )


def time_text(seconds: float) -> str:
    """Return how long something takes at most."""
    return _(scan_words.AT_MOST).format(**scan_words.time_values(seconds))


def way_name(way: str) -> str:
    """Return a way of looking by its name."""
    return _(scan_words.WAYS[way]) if way in scan_words.WAYS else way


def speed_name(speed: str) -> str:
    """Return a speed, or whose it is."""
    return speed or _(scan_words.OWN_SPEED)


# ── Where it stands ─────────────────────────────────────────────────────────────────────────────────────────────────


def _said(
    scan: LineScan, state: ScanState, found: Sequence[OnRecord], *, zone: ZoneInfo, is_held: bool
) -> Iterator[Said]:
    yield _state_sentence(scan, state, zone=zone, is_held=is_held)
    if scan.takeovers:
        words = ngettext(
            "Its process was gone {n} time, and another went on from where it was: little was asked twice.",
            "Its process was gone {n} times, and another went on from where it was: little was asked twice.",
            scan.takeovers,
        )
        yield Said(words.format(n=scan.takeovers), "warn")
    if found:
        words = _found_words(found)
        yield Said(words[:1].upper() + words[1:], "good")
    elif not state.is_over and scan.began_at:
        yield Said(_("Nobody was found yet."))


def _found_words(found: Sequence[OnRecord]) -> str:
    new = sum(one.known is Known.NEW for one in found)
    words = ngettext("{n} meter found", "{n} meters found", len(found)).format(n=len(found))
    if not new:
        return _("{found}: all are on record.").format(found=words)
    not_there = ngettext("{n} is not on record", "{n} are not on record", new).format(n=new)
    return _("{found}: {new}.").format(found=words, new=not_there)


def _state_sentence(scan: LineScan, state: ScanState, *, zone: ZoneInfo, is_held: bool) -> Said:
    if not state.is_over:
        return _under_way(scan, state, zone=zone, is_held=is_held)
    at = _at(scan.over_at, zone)
    if state is ScanState.STOPPED:
        words = _("Stopped by {who}, {at}. What was found by then is kept.")
        return Said(words.format(who=scan.stopped_by, at=at), "warn")
    if state is ScanState.BROKEN:
        words = _("It broke off by a fault of ours, {at}. Search again; the log of the head-end says what it was.")
        return Said(words.format(at=at), "bad")
    asked = scan.remarks.get("asked", 0)
    words = ngettext("Over since {at}: {n} question was asked.", "Over since {at}: {n} questions were asked.", asked)
    return Said(words.format(at=at, n=asked), "good" if scan.found else "warn")


def _under_way(scan: LineScan, state: ScanState, *, zone: ZoneInfo, is_held: bool) -> Said:
    if state is ScanState.WANTED and is_held:
        return Said(_("It begins as soon as what goes over the line now is over."))
    if state is ScanState.WANTED:
        words = _("No process holds this line now: the first that does begins. See that kilovatt serve runs.")
        return Said(words, "warn")
    if not is_held:
        words = _("The process that made it is gone. The next that holds the line goes on from where it was.")
        return Said(words, "warn")
    words = _("It has gone on since {at}, between the visits of the line: whoever waits for a meter goes first.")
    return Said(words.format(at=_at(scan.began_at, zone)))


def _at(instant: datetime | None, zone: ZoneInfo) -> str:
    return "—" if instant is None else instant_text(instant, zone, language_of(get_language()))


def _trying(progress: Mapping[str, Any]) -> str:
    whom = _(scan_words.ANYBODY)
    if progress.get("address") is not None:
        whom = _(scan_words.AT_ADDRESS).format(address=progress["address"])
    if progress.get("purpose") == "control":
        whom = _(scan_words.NOBODY)
    words = _(scan_words.TRYING)
    return words.format(way=way_name(progress["way"]), speed=speed_name(progress["speed"]), whom=whom)


# ── What came of it ─────────────────────────────────────────────────────────────────────────────────────────────────


def _finding(scan: LineScan, one: Mapping[str, Any], known: OnRecord) -> ShownFinding:
    address, serial = one.get("address"), str(one.get("serial") or "")
    keys = [str(key) for key in one["models"]]
    names = [model_by_key(key).title for key in keys[:MODELS_SHOWN]]
    models = ", ".join(names) + (" …" if len(keys) > MODELS_SHOWN else "")
    carried = {"serial": serial, "address": "" if address is None else address, "model": keys}
    return ShownFinding(
        address=_(scan_words.ANYBODYS) if address is None else str(address),
        language=way_name(one["way"]),
        speed=speed_name(one["speed"]),
        serial=serial or "—",
        models=models or _(scan_words.UNKNOWN_MODEL),
        told=_told(one),
        known=_known_words(known),
        meter_id=None if known.meter is None or not _stands(known.meter.pk) else known.meter.pk,
        is_new=known.known in {Known.NEW, Known.ANOTHER},
        record_url=f"{reverse('new-meter', args=[scan.line_id])}?{urlencode(carried, doseq=True)}",
    )


def _stands(meter_id: int) -> bool:
    return Installation.objects.filter(meter_id=meter_id, removed_at=None).exists()


def _told(one: Mapping[str, Any]) -> str:
    told = one.get("told", {})
    said = [f"{_(words)}: {told[name]}" for name, words in scan_words.TOLD.items() if told.get(name)]
    if one.get("password") in scan_words.PASSWORDS:
        said.append(_(scan_words.PASSWORDS[one["password"]]))
    if one.get("parity"):
        said.append(_(scan_words.PARITY))
    return "; ".join(said)


def _known_words(known: OnRecord) -> str:
    meter = known.meter
    match known.known:
        case Known.HERE:
            return _("on record")
        case Known.ELSEWHERE:
            line = None if meter is None else meter.line
            return _("on record on another line: {line}").format(line="—" if line is None else line.name)
        case Known.ANOTHER:
            words = _("on record at its address is № {serial}: was it exchanged?")
            return words.format(serial="" if meter is None else meter.serial)
        case Known.AT_ADDRESS:
            words = _("on record at its address is № {serial}; it told no number itself")
            return words.format(serial="" if meter is None else meter.serial)
        case Known.NEW:
            return _("not on record")


def _advice(scan: LineScan, state: ScanState) -> Iterator[str]:
    remarks = scan.remarks
    for place in remarks.get("crowded", ()):
        if place.get("address") is not None:
            yield _(scan_words.CROWDED_AT).format(address=place["address"], way=way_name(place["way"]))
    yield from _not_understood(scan)
    if remarks.get("echoes"):
        yield _(scan_words.ECHOES)
    if remarks.get("is_noisy"):
        yield _(scan_words.NOISY)
    if state is ScanState.OVER:
        yield from _outcome(scan)
    left = remarks.get("left", 0)
    if state.is_over and left and scan.verdict != "no_route":
        words = ngettext(
            "Not the whole of it: {n} question was left.", "Not the whole of it: {n} questions were left.", left
        )
        yield words.format(n=left)


def _not_understood(scan: LineScan) -> Iterator[str]:
    """Where something came back that is no answer of the language that was spoken."""
    at_once = {(one["way"], one["speed"]) for one in scan.remarks.get("crowded", ()) if one.get("address") is None}
    for walk in scan.walked:
        noises = walk["signs"].get("noise", 0)
        place = {"way": way_name(walk["way"]), "speed": speed_name(walk["speed"])}
        if noises and (walk["way"], walk["speed"]) in at_once:
            words = _("{way}, {speed}: several answered at once, so that none was understood.")
            if walk["way"] == WALKED_WHEN_CROWDED:
                words = _("{way}, {speed}: several answered at once, so each address is asked alone.")
            yield words.format(**place)
        elif noises:
            words = ngettext(
                "{way}, {speed}: {n} time something came back that is no answer.",
                "{way}, {speed}: {n} times something came back that is no answer.",
                noises,
            )
            yield words.format(**place, n=noises)


def _outcome(scan: LineScan) -> Iterator[str]:
    detail = scan.remarks.get("detail")
    if scan.verdict == "found":
        if detail:
            yield _(scan_words.LOST).format(detail=detail)
        return
    advice = _(scan_words.ON_PAGES.get(scan.verdict) or scan_words.ADVICE[scan.verdict])
    yield f"{advice} ({detail})" if detail else advice
    if scan.verdict != "no_route" and not scan.wishes.get("serials"):
        yield _(scan_words.NUMBERS_HELP_ON_PAGES)


def scope_words(wishes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what was wished for, field by field."""
    ways = wishes.get("ways") or ()
    yield _("Languages"), ", ".join(map(way_name, ways)) or _("all")
    if wishes.get("speeds"):
        yield _("Speeds"), ", ".join(wishes["speeds"])
    if wishes.get("addresses"):
        yield _("Addresses"), str(wishes["addresses"])
    if wishes.get("serials"):
        yield _("Numbers"), ", ".join(map(str, wishes["serials"]))
    if wishes.get("timeout_ms"):
        yield _("Wait for an answer, ms"), str(wishes["timeout_ms"])
    if wishes.get("thorough"):
        yield _("Thorough"), _("all speeds and languages, though somebody was found")
