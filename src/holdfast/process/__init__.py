"""Process: the supervisor and its children, PostgreSQL among them. It imports no framework and no driver."""
