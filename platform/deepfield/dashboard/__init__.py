"""The dashboard: a page for each domain, made from its contract alone."""
