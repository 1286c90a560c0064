"""How the documentation is built: `make docs`."""

from collections.abc import Iterator

from sphinx.application import Sphinx

from kilovatt import __version__
from kilovatt.measure.metering.catalogue import ROWS
from kilovatt.measure.metering.catalogue.spodus import is_concentrator
from kilovatt.measure.metering.models import MeterModel

project = "Kilovatt"
copyright = "the Kilovatt authors"
author = "the Kilovatt authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

# Types are in the signature; a docstring does not repeat them.
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
# What autodoc prints of ours must exist here. The standard library and other people's packages are not linked:
# the documentation builds without a network.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!kilovatt\.).*"),
    (r"py:.*", r"kilovatt\..*\.[A-Z]\w*T"),  # type variables have no page
]

html_theme = "furo"
html_title = f"Kilovatt {release}"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Make the table of models from the catalogue itself, so that it cannot differ."""
    app.connect("source-read", _fill_in_models)


def _fill_in_models(app: Sphinx, page: str, source: list[str]) -> None:
    del app
    if page == "reference/meters":
        rows = sorted(ROWS, key=lambda model: model.maker)
        source[0] = source[0].replace("<!-- models -->", "\n".join(map(_row, rows)))


def _row(model: MeterModel) -> str:
    cells = (
        f"{model.maker}: {model.title}<br>`{model.key}`",
        f"{', '.join(model.channels)}<br>`{model.language}`",
        f"{model.phases}, {model.wiring}",
        ", ".join(_read(model)),
        ", ".join(sorted(model.journals)).replace("_", " ") or "no",
        "relay" if model.relay else "no",
        f"**{model.evidence}**: {model.evidence_note}",
    )
    return "| " + " | ".join(cells) + " |"


def _read(model: MeterModel) -> Iterator[str]:
    if model.quantities:
        yield f"{', '.join(sorted(model.quantities)).replace('_', ' ')} by {model.register_step_wh} Wh"
    if is_concentrator(model):
        yield "which meters it hears; they are read through it, their models with `@uspd`"
    if model.day_register_depth_days:
        yield f"at midnight of {model.day_register_depth_days} days"
    if model.month_register_depth_months:
        yield f"of {model.month_register_depth_months} months"
    if model.has_profile:
        yield f"profile of {model.profile_step_s // 60} min, {model.profile_depth_days} days"
    if model.instant_values:
        yield "voltages, currents, power"
