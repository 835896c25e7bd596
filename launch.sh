#!/bin/sh
# Builds Holdfast and starts it on this machine with Docker. HOLDFAST_PORT selects another port than 8000.
# Open mode serves the programs of your user, or of the one whose id HOLDFAST_OPEN_USER names.
# For production: deploy/README.md.
set -eu
cd "$(dirname "$0")"

if ! docker compose version >/dev/null 2>&1; then
    echo "launch.sh: Docker with its compose plugin is needed (or, without Docker: make run)." >&2
    exit 1
fi

export HOLDFAST_OPEN_USER="${HOLDFAST_OPEN_USER:-$(id -u)}"

compose() { docker compose --file deploy/compose.local.yaml "$@"; }

if ! compose up --build --detach --wait; then
    compose logs --tail 20 >&2 || true
    exit 1
fi

at="http://localhost:${HOLDFAST_PORT:-8000}"
cat <<END
Holdfast serves at $at (its API to read and try: $at/docs).
Your programs on this machine need no credentials until the first API key is made.

  curl -X POST $at/events -H 'Content-Type: application/json' -d '{"name": "Concert", "total_seats": 100}'

Stop it:          docker compose --file deploy/compose.local.yaml down
With its data:    docker compose --file deploy/compose.local.yaml down --volumes
END
