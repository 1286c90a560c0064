"""The words for the codes of explanations of IEC 62056-21: English sources of gettext."""

from collections.abc import Mapping

from kilovatt.wire.explain.fields import gettext_noop

FRAMES: Mapping[str, str] = {
    "noise": gettext_noop("Noise"),
    "called": gettext_noop("A meter is called"),
    "identification": gettext_noop("The meter says which make and type it is"),
    "mode_chosen": gettext_noop("The mode is chosen"),
    "operand": gettext_noop("The meter asks for a password"),
    "password_given": gettext_noop("The password"),
    "read_parameter": gettext_noop("A parameter is asked for"),
    "readout": gettext_noop("What the meter says"),
    "refusal": gettext_noop("The meter refuses"),
    "farewell": gettext_noop("The end of the session"),
    "yes": gettext_noop("Yes"),
    "no": gettext_noop("No"),
    "unknown_command": gettext_noop("An unknown command"),
}

FIELDS: Mapping[str, str] = {
    "mark": gettext_noop("Mark"),
    "address": gettext_noop("Address"),
    "maker": gettext_noop("Maker, as three letters"),
    "baud_letter": gettext_noop("Speed, as a character (5 is 9600 baud)"),
    "marks": gettext_noop("What else it can (2 is DLMS)"),
    "type_name": gettext_noop("Type"),
    "line_end": gettext_noop("End of the line"),
    "procedure": gettext_noop("Procedure (0 normal, 2 HDLC)"),
    "mode": gettext_noop("Mode (0 readout, 1 programming, 2 binary)"),
    "command": gettext_noop("Command"),
    "text": gettext_noop("Name and value"),
    "password": gettext_noop("Password"),
    "data_set": gettext_noop("Name and value"),
    "crc": gettext_noop("Check character"),
    "data": gettext_noop("Bytes that are not explained"),
}

PROBLEMS: Mapping[str, str] = {
    "no_frame": gettext_noop("No whole frame"),
    "echo": gettext_noop("The request itself came back"),
    "wrong_crc": gettext_noop("The check character is wrong"),
    "another_answer": gettext_noop("The answer to another request"),
    "unknown_name": gettext_noop("The meter does not know this name"),
    "other": gettext_noop("The meter refuses for a reason of its own"),
}
