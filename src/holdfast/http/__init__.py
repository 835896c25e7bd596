"""HTTP: the floor under the API. It knows bytes, headers, problems and connections, and no noun of the trade."""
