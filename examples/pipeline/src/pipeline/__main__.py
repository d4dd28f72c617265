"""Runs the pipeline once for one day: today, or the day given as YYYY-MM-DD."""

import datetime
import os
import sys

from . import extract, health, load, transform


def main() -> int:
    day = datetime.date.fromisoformat(sys.argv[1]) if len(sys.argv) > 1 else datetime.date.today()
    health.beat("extract")
    orders = extract.orders(os.environ["ORDERS_BUCKET"], day)
    health.beat("transform")
    totals = transform.daily_totals(orders)
    health.beat("load")
    rows = load.totals(totals)
    print(f"{day}: {len(orders)} orders, {rows} totals written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
