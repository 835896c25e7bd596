"""Process: the supervisor, its children, and PostgreSQL as one of them. It imports no framework and no driver."""
