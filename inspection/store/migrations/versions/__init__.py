"""One module a step, numbered; a step that was released is never edited.

A change of ``inspection.store.tables`` needs a new step, written by hand: ``r0002_what_it_does.py``
with ``down_revision = "0001"``. ``tests/services/store/test_store_schema.py`` compares the outcome
of all steps with the tables, on both engines.
"""
