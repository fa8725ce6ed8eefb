"""Where Alembic begins: with the connection, and the transaction, that `miexchange.ledger` hands over."""

from alembic import context

__all__ = ()

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
