//! What the crate promises whatever it is given.

mod hostile;
