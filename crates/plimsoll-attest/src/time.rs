//! Times as the formats want them: RFC 3339 in UTC, whole seconds.
