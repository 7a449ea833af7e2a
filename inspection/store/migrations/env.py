"""Run migrations on the connection that ``inspection.store.schema`` hands over.

Alembic loads this file by its path. It opens no connection of its own: the whole upgrade is one
transaction, and its owner commits it.
"""

from alembic import context

from inspection.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
