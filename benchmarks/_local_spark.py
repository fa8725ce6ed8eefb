"""A real Spark on this machine, for the benchmark and for the tests: one process, two cores, no pages, no network.

Spark runs on Java. The one that JAVA_HOME or the path names may be too old or too new for it, so those
that are installed beside that one are asked too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from pyspark.sql import SparkSession

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JAVAS", "NO_JAVA", "java_home", "local_spark"]

JAVAS = (17, 21)
"""The versions of Java that Spark 4 is documented to run on."""
NO_JAVA = f"Spark needs Java {JAVAS[0]} or {JAVAS[1]}, and none was found beside JAVA_HOME or the java on the path"


def java_home() -> Path | None:
    """Return the home of a Java that Spark runs on, or None."""
    found = [Path(home) for home in [os.environ.get("JAVA_HOME")] if home]
    program = shutil.which("java")
    if program is not None:
        found.append(Path(program).resolve().parents[1])
    beside = [other for home in found if home.is_dir() for other in sorted(home.resolve().parent.iterdir())]
    return next((home for home in [*found, *beside] if _version(home) in JAVAS), None)


def _version(home: Path) -> int | None:
    program = home / "bin" / "java"
    if not program.is_file():
        return None
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(version[1]) if version else None


@contextmanager
def local_spark(java: Path, folder: Path, **settings: str) -> Iterator[SparkSession]:
    """Run a Spark on two cores, and stop it.

    Args:
        java: the home of Java.
        folder: where it writes what it has no room for.
        settings: more settings, with ``__`` for a dot.
    """
    environment = {
        "JAVA_HOME": str(java),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",  # otherwise it asks the network what this machine is called
    }
    plain = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.log.level": "ERROR",
        **{name.replace("__", "."): setting for name, setting in settings.items()},
    }
    builder = SparkSession.builder.master("local[2]").appName("miexchange")
    for name, setting in plain.items():
        builder = builder.config(name, setting)
    with patch.dict(os.environ, environment):
        session = builder.getOrCreate()
        try:
            yield session
        finally:
            session.stop()
