"""The language in which people say which attacks they mean, one for commands and page."""
