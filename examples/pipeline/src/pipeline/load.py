"""Writes totals into PostgreSQL."""

import os
import pathlib

import pandas as pd
import psycopg2
import psycopg2.extras


def totals(frame: pd.DataFrame) -> int:
    """Writes every row in one transaction and says how many there were."""
    password = pathlib.Path(os.environ["DATABASE_PASSWORD_FILE"]).read_text().strip()
    connection = psycopg2.connect(
        host=os.environ["DATABASE_HOST"],
        dbname=os.environ["DATABASE_NAME"],
        user=os.environ["DATABASE_USER"],
        password=password,
    )
    rows = list(frame[["customer", "currency", "total", "orders"]].itertuples(index=False, name=None))
    with connection, connection.cursor() as cursor:
        psycopg2.extras.execute_values(
            cursor,
            "INSERT INTO daily_totals (customer, currency, total, orders) VALUES %s "
            "ON CONFLICT (customer, currency) DO UPDATE "
            "SET total = EXCLUDED.total, orders = EXCLUDED.orders",
            rows,
        )
    return len(rows)
