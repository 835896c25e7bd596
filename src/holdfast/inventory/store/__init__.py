"""Store: the inventory's rows, and the SQL that reads and writes them."""
