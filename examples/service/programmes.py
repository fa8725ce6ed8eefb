"""The served programme: reloaded when its files change, and kept if the new files are invalid."""

import logging
from pathlib import Path
from threading import Event, Thread

from miexchange import MiExchangeError, Programme

__all__ = ["Programmes"]

KEPT = 10
"""The number of programmes whose quotes are accepted; the ledger keeps those of accepted quotes for longer."""
LOG = logging.getLogger("service.programmes")


class Programmes:
    """The programme in force, and the fault of its replacement.

    Attributes:
        current: the programme. It is one immutable object, replaced by one assignment: a request that began with it
            ends with it. Read it once in each request.
        served: the last programmes by digest, with the one in force: their quotes are accepted.
        fault: why the present files are not served; "" if they are.
    """

    def __init__(self, source: str) -> None:
        """Load the programme.

        Raises:
            DataError: it has problems; a service does not start with those.
        """
        self.fault = ""
        self._source = source
        self._seen = self._look()
        self.current = Programme.load(source)
        self.served = {self.current.digest: self.current}
        self._stopped = Event()

    def watch(self, seconds: float) -> None:
        """Check for changes in a separate thread, until `stop`: every process of a service finds them itself."""

        def look_on() -> None:
            while not self._stopped.wait(seconds):
                self.refresh()

        Thread(target=look_on, name="programmes", daemon=True).start()

    def stop(self) -> None:
        """Stop checking."""
        self._stopped.set()

    def refresh(self) -> None:
        """Reload the programme if its files changed."""
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen  # taken before the files are read: a change during reading is another change
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
        """Return a fingerprint of the files; empty for a programme of the package."""
        try:
            files = [(path.name, path.stat()) for path in sorted(Path(self._source).iterdir())]
        except OSError:
            return ()
        return tuple((name, found.st_mtime_ns, found.st_size) for name, found in files)
