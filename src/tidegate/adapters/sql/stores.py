"""One database and its stores, as the doors ask for them."""

from tidegate.adapters.sql.baselines import SqlBaselineStore
from tidegate.adapters.sql.engine import IfMissing, open_database
from tidegate.adapters.sql.envelopes import SqlEnvelopeStore
from tidegate.adapters.sql.store import SqlFactStore


class SqlStores:
    """Opened at once; `close` gives the connections back. Errors as of `open_database`."""

    def __init__(self, url: str, if_missing: IfMissing) -> None:
        self._database = open_database(url, if_missing)
        self.baselines = SqlBaselineStore(self._database)
        self.envelopes = SqlEnvelopeStore(self._database)
        self.facts = SqlFactStore(self._database, self.envelopes.remember)

    def close(self) -> None:
        self._database.close()
