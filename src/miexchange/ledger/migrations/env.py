"""Where Alembic begins: with the connection, and the transaction, that `miexchange.ledger` hands over."""

from alembic import context

from miexchange.ledger._engine import VERSIONS

__all__ = ()

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True, version_table=VERSIONS)
context.run_migrations()
