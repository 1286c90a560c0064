"""A search for meters in words, the same on pages and on the command line.

Here stand the English sentences; whoever shows them has them translated. Ways, verdicts and what a meter tells of
itself go by the names that `wire.drivers.finding` gives them.
"""

from collections.abc import Mapping


def _(sentence: str) -> str:
    """Mark a sentence to be translated where it is shown."""
    return sentence


WAYS: Mapping[str, str] = {
    "short": _("Mercury 203.2TD–238 and NZiF"),
    "mercury-v1": _("Mercury 200–206"),
    "iec62056-21": "IEC 62056-21",
    "energomera": _("Energomera"),
    "hdlc": _("DLMS over HDLC"),
    "wrapper": _("DLMS over TCP"),
    "modbus": "Modbus TCP",
}
PASSWORDS: Mapping[str, str] = {
    "factory": _("still has the password of its maker"),
    "other": _("did not take its maker's password, and was asked no second time"),
    "barred": _("did not let us in for another reason than the password: no other meter was sent one after that"),
}
TOLD: Mapping[str, str] = {
    "type": _("type"),
    "maker": _("maker"),
    "firmware": _("firmware"),
    "made_on": _("made on"),
    "variant": _("variant"),
    "device_name": _("name"),
    "devices": _("behind it"),
}
ADVICE: Mapping[str, str] = {
    "crowded": _(
        "Several meters answered at once, and none alone. Give their numbers with --serial, "
        "or ask them one by one with --addresses."
    ),
    "noise": _(
        "Something comes back, and it is no answer. Check speed and format, the cable, its termination and the common "
        "wire; somebody else may be reading on this line now."
    ),
    "echo": _(
        "Only our own requests came back. The adapter repeats what it sends, and no meter is heard: switch its echo "
        "off, and check that the meters are connected, A to A and B to B."
    ),
    "silence": _(
        "Nothing answered at all. Check that A and B are not swapped, that the meters and their interfaces have power, "
        "and that the gateway goes at the speed of the meters. A slow network wants a longer --timeout."
    ),
    "no_route": _("The line cannot be reached. Check the address, the gateway's power and the network."),
}
"""What to try where nothing was found, by verdict."""
ON_PAGES: Mapping[str, str] = {
    "crowded": _(
        "Several meters answered at once, and none alone. Give their numbers, "
        "or ask them one by one by their addresses."
    ),
    "silence": _(
        "Nothing answered at all. Check that A and B are not swapped, that the meters and their interfaces have power, "
        "and that the gateway goes at the speed of the meters. A slow network wants a longer wait for an answer."
    ),
}
"""Where a page has no option to name, it says this instead."""
NUMBERS_HELP = _(
    "Mercury 200, 201, 203 and 206 answer only to their own numbers, and СПОДЭС meters often do: "
    "add --serial with the number on the face of the meter."
)
NUMBERS_HELP_ON_PAGES = _(
    "Mercury 200, 201, 203 and 206 answer only to their own numbers, and СПОДЭС meters often do: "
    "give the numbers on the faces of the meters."
)
PARITY = _("speaks with seven bits and parity, and the gateway carries eight: set it to 7E1")
ECHOES = _("The line repeats what is sent: the echoes were taken away.")
NOISY = _("The line is noisy by itself: addresses were not walked one by one.")
LOST = _("The line was lost before the end: {detail}")
CROWDED_AT = _(
    "Two meters answer at once at address {address} ({way}): "
    "give one of them another address while it is alone on a line."
)
OWN_SPEED = _("the gateway's speed")
ANYBODY, AT_ADDRESS = _("anybody"), _("address {address}")
NOBODY = _("nobody, to hear the line itself")
TRYING = _("{way}, {speed}: {whom}")
AT_MOST = _("at most {minutes} min {seconds:02} s")
ANYBODYS = _("anybody's")
UNKNOWN_MODEL = _("none of the models that are known here")
NO_ADDRESSES = _("{text} are no addresses. Write them as 1-240 or 17,41,100-120.")
TOO_MANY_ADDRESSES = _("{count} addresses are more than are asked one by one: at most {maximum}.")


def time_values(seconds: float) -> Mapping[str, int]:
    """Return the values of `AT_MOST`."""
    minutes, rest = divmod(round(seconds), 60)
    return {"minutes": minutes, "seconds": rest}


def speed_label(baud: int, data_bits: int, parity: str, stop_bits: int) -> str:
    """Return a speed and its format as people write them: 9600 8N1."""
    return f"{baud} {data_bits}{parity}{stop_bits}"
