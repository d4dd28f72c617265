"""Turns orders into what is reported."""

import pandas as pd


def daily_totals(orders: pd.DataFrame) -> pd.DataFrame:
    """Sum and count of orders per customer and currency; an order that came twice counts once."""
    unique = orders.drop_duplicates(subset="order_id")
    return (
        unique.groupby(["customer", "currency"], as_index=False)
        .agg(total=("amount", "sum"), orders=("order_id", "count"))
        .sort_values(["customer", "currency"], ignore_index=True)
    )
