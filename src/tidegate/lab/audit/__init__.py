"""A country with its names, certificates, pages and mail, in network namespaces, whose failures are made."""
