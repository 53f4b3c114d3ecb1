//! The lab: real stand-ins for what stands on a site, all on one Debian computer.
//!
//! A [`Machine`] is a computer to register: its own network address, sshd, users and Docker
//! engine. A [`Registry`] is a container registry with passwords. A [`KeyringSession`] is a
//! desktop session with a Secret Service, a [`Display`] is a screen without a monitor.
//!
//! **Invariant:** nothing that is started here outlives its owner for long: each value takes its
//! processes, namespaces and files with it when dropped, and what a killed owner left behind is
//! removed by the next start. Nothing listens outside 10.99.0.0/16 and loopback.
//!
//! **API boundary:** blocking calls on the standard library and on Debian's own programs; root is
//! needed (network namespaces). Nothing of Skerry is known here, so every crate may use it in
//! its tests.

mod command;
mod image;
mod machine;
mod registry;
mod session;
mod slot;

pub use command::{poll, run, run_with_input};
pub use image::{TRAINING_IMAGE, training_image};
pub use machine::{Machine, MachineOptions};
pub use registry::Registry;
pub use session::{Display, KeyringSession};
pub use slot::{Standing, remove_all, standing};
