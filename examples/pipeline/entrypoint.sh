#!/bin/sh
# Refuses to start half configured, then gives way to the command: it stays process 1 and gets the
# signals itself.
set -eu

missing=
for name in ORDERS_BUCKET DATABASE_HOST DATABASE_NAME DATABASE_USER; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || missing="$missing $name"
done
if [ -z "${DATABASE_PASSWORD_FILE:-}" ]; then
    missing="$missing DATABASE_PASSWORD_FILE"
elif [ ! -r "$DATABASE_PASSWORD_FILE" ]; then
    echo "entrypoint: DATABASE_PASSWORD_FILE=$DATABASE_PASSWORD_FILE cannot be read" >&2
    exit 78
fi
if [ -n "$missing" ]; then
    echo "entrypoint: set these variables:$missing" >&2
    exit 78
fi
exec "$@"
