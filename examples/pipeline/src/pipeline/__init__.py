"""Loads daily order files from object storage into PostgreSQL."""
