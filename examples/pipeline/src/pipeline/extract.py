"""Reads a day's order files from object storage."""

import datetime
import io

import boto3
import pandas as pd


def orders(bucket: str, day: datetime.date) -> pd.DataFrame:
    """All orders of `day`: columns order_id, customer, amount, currency."""
    client = boto3.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"orders/{day:%Y/%m/%d}/"
    )
    frames = []
    for page in pages:
        for item in page.get("Contents", []):
            body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            frames.append(pd.read_csv(io.BytesIO(body)))
    if not frames:
        raise SystemExit(f"no order files for {day} in {bucket}")
    return pd.concat(frames, ignore_index=True)
