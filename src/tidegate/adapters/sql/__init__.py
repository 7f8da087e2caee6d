"""Facts, effects and baselines in SQLite (a file of our own) or PostgreSQL, chosen by one URL.

`engine.open_database` opens and migrates; `store.SqlFactStore` and `baselines.SqlBaselineStore` keep
their ports' contracts on it. Files are imported by name: SQLAlchemy takes a third of a second to load.
"""
