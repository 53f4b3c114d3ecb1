//! What fuzzing tries: the search language, and the JSON bodies of the REST protocol.
//!
//! **Invariant:** the same bytes ask the same; no state of one input reaches more than a few
//! hundred others.
//!
//! **API boundary:** each target takes any bytes and says what is wrong with the answer;
//! a panic is wrong too. libFuzzer calls them (`cargo xtask fuzz`), and the tests of this
//! crate with the inputs that are kept in `corpus`.

mod bodies;
mod search;

pub use bodies::bodies;
pub use search::search;

/// A target by the name of its folder in `corpus`.
pub type Target = (&'static str, fn(&[u8]) -> Result<(), String>);

/// All there are.
pub const TARGETS: &[Target] = &[("search", search), ("bodies", bodies)];
