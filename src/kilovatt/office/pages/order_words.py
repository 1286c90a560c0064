"""Commands to meters in words: what each does and what cannot be undone, where it stands, and why it was not sent.

The one place where they stand, for pages and for the command line. Here are the English sentences; whoever shows them
has them translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kilovatt.measure.metering.commands import CommandKind, NotSentReason
from kilovatt.measure.metering.orders import LeftOut, OrderPart, OrderState, VisitResult


def _(sentence: str) -> str:
    """Mark a sentence to be translated where it is shown."""
    return sentence


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind of command: its name as a heading, what it does, what cannot be undone from afar.

    `is_grave`: it cuts somebody off or may lock us out, so who approves it shows which meter he means.
    """

    name: str
    does: str
    undone: str
    is_grave: bool = False


KINDS: Mapping[CommandKind, KindWords] = {
    CommandKind.OPEN_RELAY: KindWords(
        _("Disconnect"),
        _("The meter opens its relay: the place is without electricity until it is connected again."),
        _(
            "What stops there with the supply (heating, a freezer, a gate, a medical device) is not made good from "
            "here. Nobody at the place is warned by the meter."
        ),
        is_grave=True,
    ),
    CommandKind.CLOSE_RELAY: KindWords(
        _("Connect"),
        _("The meter closes its relay: the place is supplied at once, whether or not anybody is there."),
        _(
            "What is switched on there starts by itself: an oven, a saw, wires that somebody works on. Be sure that "
            "nobody does."
        ),
        is_grave=True,
    ),
    CommandKind.PERMIT_RELAY: KindWords(
        _("Allow to switch on"),
        _("The consumer may switch on with the meter's button. Nothing flows before that."),
        _("Once it was switched on there, only a new command disconnects it."),
    ),
    CommandKind.SET_POWER_LIMIT: KindWords(
        _("Power limit"),
        _("Above this power the meter disconnects the place by itself."),
        _(
            "A limit below what the place takes now cuts it off. The limit before is not kept here, and no command "
            "takes a limit away: only a higher one can be set."
        ),
        is_grave=True,
    ),
    CommandKind.SET_TARIFF_TABLE: KindWords(
        _("Tariff table"),
        _("The meter counts by these hours, the same every day."),
        _(
            "The table before is overwritten, with its own days for weekends and holidays. What was counted stays as "
            "it was counted."
        ),
    ),
    CommandKind.SET_CLOCK: KindWords(
        _("Set the clock"),
        _("The meter's clock shows our time from then on."),
        _("A clock that jumps leaves a hole in the load profile, or counts an interval twice. That stays so."),
    ),
    CommandKind.SHIFT_CLOCK: KindWords(
        _("Correct the clock"),
        _("The clock is moved by what it is known to be off, and not across the end of an interval."),
        _("Many makers allow one correction a day. The interval it falls into is longer or shorter than the others."),
    ),
    CommandKind.CHANGE_PASSWORD: KindWords(
        _("New password"),
        _(
            "The meter opens with the new password only. The old one is kept here until a session was opened with the "
            "new one."
        ),
        _(
            "Programs and systems that know the old password read the meter no more. Nobody is shown the new one: it "
            "is sealed for the reading process."
        ),
        is_grave=True,
    ),
    CommandKind.CHANGE_KEYS: KindWords(
        _("New keys"),
        _(
            "The meter opens with the new keys only. The old ones are kept here until a session was opened with the "
            "new ones."
        ),
        _("Programs and systems that know the old keys read the meter no more. Nobody is shown the new ones."),
        is_grave=True,
    ),
}


@dataclass(frozen=True, slots=True)
class StateWords:
    """A state of an order: its name, what it means, and the dot that goes with it."""

    name: str
    means: str
    dot: str


STATES: Mapping[OrderState, StateWords] = {
    OrderState.REQUESTED: StateWords(
        _("waits for approval"),
        _("Nothing was sent. It is sent once it is approved."),
        "warn",
    ),
    OrderState.APPROVED: StateWords(
        _("approved"),
        _("Nothing was sent yet: it goes when its turn comes on the meter's line. Until then it can be withdrawn."),
        "",
    ),
    OrderState.CLAIMED: StateWords(
        _("in hand"),
        _("A reading process has it in hand. It may be on its way: it cannot be withdrawn any more."),
        "",
    ),
    OrderState.SENT: StateWords(
        _("sent"),
        _("It was sent once. The meter is being asked whether it has done it."),
        "",
    ),
    OrderState.UNKNOWN: StateWords(
        _("outcome unknown"),
        _("It was sent, and nothing that the meter showed since tells whether it was done. It is not sent again."),
        "warn",
    ),
    OrderState.CONFIRMED: StateWords(_("confirmed"), _("The meter itself shows that it was done."), "good"),
    OrderState.FAILED: StateWords(_("failed"), _("It was not done."), "bad"),
    OrderState.EXPIRED: StateWords(
        _("expired"),
        _("Nobody could send it in its time, and nothing was sent. If it is still wanted, give it anew."),
        "bad",
    ),
    OrderState.DECLINED: StateWords(_("withdrawn"), _("It was taken back before anything was sent."), ""),
}

RESULTS: Mapping[VisitResult, str] = {
    VisitResult.HELD_BACK: _("It was not to be sent at that moment, and was not sent."),
    VisitResult.NOT_SENT: _("Nothing that changes the meter was sent."),
    VisitResult.NOT_REACHED: _("The last visit did not reach the meter."),
    VisitResult.REFUSED: _("The meter answered no."),
    VisitResult.CONFIRMED: _("The meter was read back, and it is so."),
    VisitResult.NOT_SO: _("The meter was read back, and is not as it was told to be."),
    VisitResult.CANNOT_TELL: _("The meter was read back, and what it shows proves nothing."),
    VisitResult.NO_PROOF: _("It was sent, and the meter could not be read back."),
}

NOT_SENT: Mapping[NotSentReason, str] = {
    NotSentReason.NOT_TAKEN: _("This meter takes no such command."),
    NotSentReason.ANOTHER_ROLE: _(
        "The meter could be opened for reading only. Put its password for commanding, or its keys, on record: "
        "kilovatt keys set."
    ),
    NotSentReason.RELAY_MODE: _(
        "The mode of its relay forbids it. That is changed at the meter, by its maker's program."
    ),
    NotSentReason.SHIFT_TOO_LARGE: _("The clock is further off than its maker allows to correct. Set it instead."),
    NotSentReason.CLOCK_ELSEWHERE: _(
        "The clock was not where it had been when the command was given: it may have been moved already. Have the "
        "meter read, then look again."
    ),
    NotSentReason.UNCLEAR: _("What the meter showed before makes no sense. Have it read, and look at its sessions."),
    NotSentReason.BAD_VALUE: _("The meter does not take this value, or not at this hour."),
    NotSentReason.ANOTHER_METER: _(
        "Another meter answered at its address: its serial number is not the one that was meant. See which meter "
        "hangs there, and put it on record."
    ),
    NotSentReason.METER_MOVED: _(
        "The meter stands elsewhere since the command was given, or was taken away: whoever was meant is not behind "
        "it any more."
    ),
    NotSentReason.NO_MASTER_KEY: _(
        "The master key of the meter, which wraps new keys, is not on record: kilovatt keys set --keys-file."
    ),
}

PARTS: Mapping[OrderPart, str] = {
    OrderPart.ASKED: _("Asked before"),
    OrderPart.TOLD: _("Told: this changes the meter"),
    OrderPart.READ_BACK: _("Read back"),
}
"""What an exchange of an order was for."""


LEFT_OUT: Mapping[LeftOut, str] = {
    LeftOut.UNKNOWN: _("no meter here has that serial number, and no open account that number"),
    LeftOut.AMBIGUOUS: _("several meters here are meant by it"),
    LeftOut.TWICE: _("it stands in the list before"),
    LeftOut.NOT_TAKEN: _("its model cannot be told that"),
    LeftOut.NO_LINE: _("no line leads to it"),
    LeftOut.UNDER_WAY: _("it is being told something already"),
}
"""Why a row of a list became no order."""


def not_sent_reason(detail: str) -> NotSentReason | None:
    """Return the reason that a detail of an order begins with; None where it begins with none."""
    code, colon, _rest = detail.partition(": ")
    return NotSentReason(code) if colon and code in set(NotSentReason) else None
