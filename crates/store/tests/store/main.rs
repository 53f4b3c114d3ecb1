//! A store at its boundary: its data, what stands for a series, what is archived.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what must hold by panicking, their helpers too"
)]

mod archive;
mod common;
mod data;
mod series;
