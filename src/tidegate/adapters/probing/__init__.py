"""Questions of an audit, put to real servers."""
