//! The native engine: no daemon, no root.
