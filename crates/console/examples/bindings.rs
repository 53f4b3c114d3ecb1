//! Prints the TypeScript declarations; `cargo xtask bindings` writes them to the UI.
#![allow(clippy::print_stdout, reason = "the output is the product")]

fn main() {
    print!("{}", skerry_console::bindings::typescript());
}
