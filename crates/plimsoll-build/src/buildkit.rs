//! The BuildKit engine: a thin client on generated protocol types.
