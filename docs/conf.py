"""How the documentation is built: `make docs`."""

from kilovatt import __version__

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
# Everything that autodoc prints must exist here; the standard library and other people's packages are not linked, so that the
# documentation builds without a network.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!kilovatt\.).*"),
]

html_theme = "furo"
html_title = f"Kilovatt {release}"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False
