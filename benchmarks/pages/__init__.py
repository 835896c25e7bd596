"""The pages in a browser: `make bench-web` measures their budgets."""
