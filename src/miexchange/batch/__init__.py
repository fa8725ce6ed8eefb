"""The rules of the core over columns: a table of devices in, a table of their values out, to the same paisa.

Needs pyarrow, the extra ``batch``. `appraise_frame` is the verb for tables, `appraise_file` for files of
any length; `validate_many`, `lookup_many` and `prices_as_of` are for columns of IMEIs and of models.
"""

from miexchange._extras import extra

with extra("batch", "miexchange.batch"):
    from miexchange.batch._frames import OUTCOMES, appraise_frame, columns_in, columns_out
    from miexchange.batch._lookups import lookup_many, prices_as_of, validate_many
    from miexchange.batch.files._run import Progress, appraise_file
    from miexchange.batch.files._summaries import Refused, Share, Summary

__all__ = [
    "OUTCOMES",
    "Progress",
    "Refused",
    "Share",
    "Summary",
    "appraise_file",
    "appraise_frame",
    "columns_in",
    "columns_out",
    "lookup_many",
    "prices_as_of",
    "validate_many",
]
