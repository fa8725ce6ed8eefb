"""The error of a missing extra: the same sentence in Python and at the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange.errors import MiExchangeError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["MissingExtraError", "extra"]


class MissingExtraError(MiExchangeError, ModuleNotFoundError):
    """Packages of an extra are not installed.

    Attributes:
        extra: the extra that brings them.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        """Name what needs it, the first package that is not there, and the line that installs it."""
        super().__init__(f"{what} needs {package}, which is not installed: pip install 'miexchange[{extra}]'")
        self.name, self.extra = package, extra


class extra:  # noqa: N801 - it stands where a function does: `with extra("batch", "miexchange.batch"):`
    """Tell which extra is missing if an import within fails because a package is not installed.

    >>> with extra("sql", "miexchange.sql"):
    ...     import no_such_package
    Traceback (most recent call last):
    miexchange._extras.MissingExtraError: miexchange.sql needs no_such_package, which is not installed: pip install \
'miexchange[sql]'
    """

    def __init__(self, name: str, what: str) -> None:
        """Take the extra's name, and the feature that needs it."""
        self._name, self._what = name, what

    def __enter__(self) -> None:
        """Begin to import."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replace the error of a missing third-party package; an error of our own modules is not changed.

        Raises:
            MissingExtraError: the package is missing. Of nested extras the outer one is named: it includes the inner.
        """
        if isinstance(error, ModuleNotFoundError):
            package = (error.name or "").partition(".")[0]
            if package and package != "miexchange":
                raise MissingExtraError(self._what, package, self._name) from None
