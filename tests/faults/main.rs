//! Faults: what breaks on a site, and what the console says of it.
#![allow(missing_docs)]
