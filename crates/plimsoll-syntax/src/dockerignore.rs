//! `.dockerignore` in BuildKit's semantics (moby/patternmatcher), which are not git's.
