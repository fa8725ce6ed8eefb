"""A report on a book of devices as one HTML file: what a programme pays for it, its refusals, and the reasons.

The file needs no script, no network and no other file; it reads on a wide screen, on a phone and on paper. It needs the
extra ``report``. See docs/prices.md.
"""

from miexchange._extras import extra

with extra("report", "miexchange.report"):
    from miexchange.report._report import book_report

__all__ = ["book_report"]
