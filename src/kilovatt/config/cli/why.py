"""Why there is no data, on the command line: the outcome in a sentence, and what to try."""

from kilovatt.config.cli.voice import _
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport

_SENTENCES = {
    Outcome.OK: _("All was read."),
    Outcome.NO_ROUTE: _("The line cannot be reached. Check the address, the gateway's power and the network."),
    Outcome.SILENCE: _(
        "Nothing answered. Check the address and the speed, that A and B are not swapped, "
        "and that the meter's interface has its power."
    ),
    Outcome.ECHO: _(
        "Only our own request came back. The adapter repeats what it sends: switch its echo off, "
        "and check that the meter is connected."
    ),
    Outcome.NOISE: _(
        "What came back is damaged. Check speed and format, the cable, its termination and the common wire."
    ),
    Outcome.WRONG_PASSWORD: _("The meter does not accept the password. Give the right one with --password-file."),
    Outcome.CHANNEL_CLOSED: _("The meter says that its channel is closed. Give its password with --password-file."),
    Outcome.REFUSED: _("The meter answered that it will not. It may be another model than the one named."),
    Outcome.ANOTHER_METER: _("Another meter answered. Check the serial number and the address."),
    Outcome.METER_UNREACHED: _(
        "The concentrator answers, and the meter behind it does not. Read the concentrator itself: "
        "it tells when it last heard the meter, and at which address it is."
    ),
}


def why_not(report: SessionReport) -> str:
    """Return why a session is not whole, with the technical detail behind."""
    words = _SENTENCES[report.outcome]
    return f"{words} ({report.detail})" if report.detail else words
