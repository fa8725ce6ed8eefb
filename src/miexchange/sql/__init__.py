"""A programme as SQL: one query, in whole numbers, that values a table of devices inside the database.

Needs sqlglot, the extra ``sql``. See docs/sql.md.
"""

from miexchange._extras import extra

with extra("sql", "miexchange.sql"):
    from miexchange.sql._doors import appraise
    from miexchange.sql._query import query, tables

__all__ = ["appraise", "query", "tables"]
