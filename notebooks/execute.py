"""Execute the notebooks in place, so that what they show is what the code does.

    python notebooks/execute.py            execute and write them
    python notebooks/execute.py --check    execute, write nothing, fail on the first error

Each runs in a kernel of its own, with this folder as its working directory.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
LONGEST = 300  # seconds for one cell


def main() -> int:
    """Execute every notebook."""
    parser = argparse.ArgumentParser(description="Execute the notebooks.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    check: bool = parser.parse_args().check
    for path in sorted(HERE.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # it has no types
        NotebookClient(
            notebook,
            timeout=LONGEST,
            kernel_name="python3",
            coalesce_streams=True,  # one output for a progress bar, however often it was drawn
            resources={"metadata": {"path": str(HERE)}},
        ).execute()
        for cell in notebook.cells:
            cell.metadata = {}  # when a cell ran says nothing
            for output in cell.get("outputs", ()):
                if len(output.get("data", {})) > 1:
                    output.data.pop("text/plain", None)  # what is seen is the table or the picture
        notebook.metadata.pop("language_info", None)  # nor which Python ran it
        if not check:
            nbformat.write(notebook, path)  # type: ignore[no-untyped-call] # as above
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
