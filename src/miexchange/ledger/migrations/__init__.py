"""How the tables of a ledger came to be, one step for each version; Alembic runs them."""

__all__ = ()
