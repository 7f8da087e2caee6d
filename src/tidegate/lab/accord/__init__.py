"""Two organisations on one machine that sign an accord and live under it."""
