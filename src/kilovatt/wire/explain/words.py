"""The words for what explanations say in codes: English sources marked for gettext; the edge translates them."""

from collections.abc import Mapping
from dataclasses import dataclass

from kilovatt.wire.explain import (
    dlms_words,
    energomera_words,
    iec62056_21_words,
    mercury_v1_words,
    mercury_v2_words,
    modbus_words,
    nzif_words,
)
from kilovatt.wire.explain.fields import ExplainedField, ExplainedFrame


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language of meters: by the codes of frames, fields and problems."""

    frames: Mapping[str, str]
    fields: Mapping[str, str]
    problems: Mapping[str, str]

    def frame(self, frame: ExplainedFrame) -> str:
        """Return what a frame is."""
        return self.frames[frame.code]

    def field(self, field: ExplainedField) -> str:
        """Return what a field is; `{number}` in it stands for `ExplainedField.number` and is to be formatted."""
        return self.fields[field.code]

    def problem(self, frame: ExplainedFrame) -> str | None:
        """Return what hinders understanding a frame, or None."""
        return None if frame.problem is None else self.problems[frame.problem]


WORDS: Mapping[str, Words] = {
    "mercury-v1": Words(mercury_v1_words.FRAMES, mercury_v1_words.FIELDS, mercury_v1_words.PROBLEMS),
    "mercury-v2": Words(mercury_v2_words.FRAMES, mercury_v2_words.FIELDS, mercury_v2_words.PROBLEMS),
    "nzif": Words(nzif_words.FRAMES, nzif_words.FIELDS, nzif_words.PROBLEMS),
    "modbus": Words(modbus_words.FRAMES, modbus_words.FIELDS, modbus_words.PROBLEMS),
    "energomera": Words(energomera_words.FRAMES, energomera_words.FIELDS, energomera_words.PROBLEMS),
    "iec62056-21": Words(iec62056_21_words.FRAMES, iec62056_21_words.FIELDS, iec62056_21_words.PROBLEMS),
    "dlms": Words(dlms_words.FRAMES, dlms_words.FIELDS, dlms_words.PROBLEMS),
}
"""By the name of the language, as on the command line."""
