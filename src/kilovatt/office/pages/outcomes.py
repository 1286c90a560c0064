"""Why there is no data, in words: what each outcome means and what to do first, for the command line and for pages.

Here stand the English sentences; whoever shows them has them translated. Nothing of Django is needed: `kilovatt read`
knows no database and no settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kilovatt.measure.metering.outcomes import Condition, Outcome, SessionPart


def _(sentence: str) -> str:
    """Mark a sentence to be translated where it is shown."""
    return sentence


class Place(StrEnum):
    """Where the cause is to be looked for first."""

    METER = "meter"
    LINE = "line"
    HERE = "here"
    """In this site's own records and processes."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One way to have no data: its name in a word or two, what it means, what to do first, and where."""

    name: str
    means: str
    first: str
    place: Place


ADVICE: Mapping[Outcome | Condition, Advice] = {
    Outcome.OK: Advice(_("read whole"), _("All was read."), _("Nothing is to be done."), Place.METER),
    Outcome.NO_ROUTE: Advice(
        _("no route"),
        _("The line cannot be reached: its gateway or port does not open, or the connection breaks."),
        _("Check the gateway's power, its address and port, and the network up to it."),
        Place.LINE,
    ),
    Outcome.BUSY: Advice(
        _("line in use"),
        _("The line is in use: its number is engaged, or the modem or gateway serves somebody else."),
        _("Wait for the next try. If it stays so, look for another program that reads over the same line."),
        Place.LINE,
    ),
    Outcome.MODEM_OFFLINE: Advice(
        _("modem offline"),
        _("The modem has not called."),
        _("Check its power, its SIM card and money, its aerial, and the address and port it is set to call."),
        Place.LINE,
    ),
    Outcome.SILENCE: Advice(
        _("silence"),
        _("Nothing answers."),
        _(
            "Check the address and the speed, that A and B are not swapped, "
            "and that the meter and its interface have their power."
        ),
        Place.METER,
    ),
    Outcome.ECHO: Advice(
        _("only an echo"),
        _("Only our own request comes back: the adapter repeats what it sends, and no meter answers."),
        _("Switch the adapter's echo off, and check that the bus is connected behind it."),
        Place.LINE,
    ),
    Outcome.NOISE: Advice(
        _("damaged answers"),
        _("Answers come, and they come damaged."),
        _("Check the speed and format, the cable, its termination and the common wire of the bus."),
        Place.LINE,
    ),
    Outcome.WRONG_PASSWORD: Advice(
        _("wrong password"),
        _(
            "The meter does not accept the password or key: it was changed at the meter, "
            "or never was the one on record."
        ),
        _("Look at the meter's journal of reprogramming, then put the right one on record. Do not try others."),
        Place.METER,
    ),
    Outcome.CHANNEL_CLOSED: Advice(
        _("channel closed"),
        _("The meter closes the channel although it was opened."),
        _("Check that no other program reads it at the same time, and that its password is on record."),
        Place.METER,
    ),
    Outcome.REFUSED: Advice(
        _("request refused"),
        _("The meter answers, and refuses what it is asked."),
        _("Compare its face with the model on record: it may be another model, or lack what is asked for."),
        Place.METER,
    ),
    Outcome.ACCESS_DENIED: Advice(
        _("access denied"),
        _("The meter answers that we may not: the password or role we come with has too few rights."),
        _("Put a password of a higher level on record, or have the meter's access rights changed."),
        Place.METER,
    ),
    Outcome.ANOTHER_METER: Advice(
        _("another meter"),
        _("Another meter answers at its address."),
        _("Compare the serial number on its face: it was exchanged, or two meters share the address."),
        Place.METER,
    ),
    Outcome.METER_UNREACHED: Advice(
        _("not reached behind its concentrator"),
        _("The concentrator answers, and does not reach the meter."),
        _(
            "Look at the meter's supply and at what lies between them. "
            "The concentrator itself tells when it last heard the meter, and at which address it is."
        ),
        Place.METER,
    ),
    Outcome.CONCENTRATOR_SILENT: Advice(
        _("concentrator silent"),
        _("Neither the meter nor the concentrator before it answers."),
        _("Check the concentrator's power and its link: with it, every meter behind it comes back."),
        Place.LINE,
    ),
    Condition.NO_LINE: Advice(
        _("no line on record"),
        _("The meter is on record without a line, so nobody can ask it."),
        _("Put on record over which line it is reached."),
        Place.HERE,
    ),
    Condition.NOT_VISITED: Advice(
        _("not visited"),
        _("Within the last day nobody has tried to read the meter."),
        _("Check that a head-end process runs and holds its line, and what its log says."),
        Place.HERE,
    ),
    Condition.CLOCK_WRONG: Advice(
        _("clock wrong"),
        _("The meter is read, but its clock is off: its intervals belong to other hours."),
        _("Have the clock set; if it goes wrong again, its battery is empty."),
        Place.METER,
    ),
}

PARTS: Mapping[SessionPart, str] = {
    SessionPart.OPENING: _("opening the channel"),
    SessionPart.IDENTITY: _("identity"),
    SessionPart.CLOCK: _("clock"),
    SessionPart.INSTANT: _("instant values"),
    SessionPart.REGISTERS: _("registers"),
    SessionPart.PROFILE: _("load profile"),
    SessionPart.EVENTS: _("journals"),
    SessionPart.METERS: _("meters behind the concentrator"),
}


def reason_of(name: str) -> Outcome | Condition:
    """Return what a stable name stands for. Raises ValueError for a name of neither kind."""
    return Condition(name) if name in set(Condition) else Outcome(name)
