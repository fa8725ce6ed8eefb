"""The programme that is served: read again when its files change, and kept where the new files are broken."""

import logging
from pathlib import Path
from threading import Event, Thread

from miexchange import MiExchangeError, Programme

__all__ = ["Programmes"]

KEPT = 10
"""Programmes whose quotes are accepted; the ledger keeps those for longer by which one was."""
LOG = logging.getLogger("service.programmes")


class Programmes:
    """The programme in force, and what is wrong with the one that should replace it.

    Attributes:
        current: the programme. It is one immutable object, replaced by one assignment: a request that has begun with it
            ends with it. Read it once in each request.
        served: the last ones by digest, with the one in force: quotes that they made are accepted by them.
        fault: why the files of now are not served; "" where they are.
    """

    def __init__(self, source: str) -> None:
        """Load the programme.

        Raises:
            DataError: it has mistakes; a service does not start with those.
        """
        self.fault = ""
        self._source = source
        self._seen = self._look()
        self.current = Programme.load(source)
        self.served = {self.current.digest: self.current}
        self._stopped = Event()

    def watch(self, seconds: float) -> None:
        """Look for changes in a thread of its own, until `stop`: every process of a service finds them itself."""

        def look_on() -> None:
            while not self._stopped.wait(seconds):
                self.refresh()

        Thread(target=look_on, name="programmes", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def refresh(self) -> None:
        """Load the programme again where its files changed."""
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen  # as it was before the files are read: what changes while they are is another change
        try:
            found = Programme.load(self._source)
        except (MiExchangeError, OSError) as error:
            self.fault = f"{error}"
            LOG.warning("The programme stays %s; its files are not served: %s", self.current.digest[:12], error)
            return
        self.served = dict([*self.served.items(), (found.digest, found)][-KEPT:])
        self.current, self.fault = found, ""
        LOG.info("The programme is now %s %s", found.id, found.digest[:12])

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        """Return what tells one state of the files from another; nothing for a programme of the package's own."""
        try:
            files = [(path.name, path.stat()) for path in sorted(Path(self._source).iterdir())]
        except OSError:
            return ()
        return tuple((name, found.st_mtime_ns, found.st_size) for name, found in files)
