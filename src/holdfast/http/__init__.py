"""HTTP: the layer below the API. It handles bytes, headers, problems and connections, and knows no domain term."""
