"""How Sphinx builds the site: `make docs` writes it to build/site, without the network, with warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

project = "miexchange"
author = "The miexchange authors"
extensions = ["myst_parser", "docs_site"]
source_suffix = {".md": "markdown", ".myst": "markdown"}
# The README and the pages beside it are part of the site, so that a link between pages is the same link everywhere.
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "build/reference/*.myst",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "data/README.md",
]
nitpicky = True
# A type in a signature may be private or of another package; links in texts are all checked.
nitpick_ignore_regex = [("py:class", ".*")]
myst_heading_anchors = 3
maximum_signature_line_length = 88
python_use_unqualified_type_names = True
toc_object_entries = False
html_theme = "furo"
html_title = "miexchange"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_permalinks_icon = "#"
html_static_path = ["browser"]
html_css_files = ["site.css"]
pygments_dark_style = "github-dark"
