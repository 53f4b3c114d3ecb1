//! What the journeys have on their site: a machine, a registry, data, a project.

use std::path::{Path, PathBuf};

use skerry_lab::{Machine, MachineOptions, Registry};

use crate::programs::repository;

/// A machine with data on it and a registry beside it.
#[derive(Debug)]
pub struct Site {
    /// The machine.
    pub machine: Machine,
    /// The registry.
    pub registry: Registry,
}

impl Site {
    /// Puts it up: Docker with the training image, the penguins in `/home/operator/data`.
    ///
    /// # Panics
    /// When the lab does not work.
    #[must_use]
    pub fn start() -> Self {
        let machine = Machine::start(MachineOptions {
            image: true,
            ..MachineOptions::default()
        })
        .unwrap();
        let file = repository().join("assets/sample/data/penguins.csv");
        let penguins = std::fs::read_to_string(file).unwrap();
        machine
            .write_as_user("data/penguins.csv", &penguins)
            .unwrap();
        let registry = Registry::start(&machine).unwrap();
        Self { machine, registry }
    }

    /// The folder with the data, on the machine.
    #[must_use]
    pub fn data(&self) -> &'static str {
        "/home/operator/data"
    }
}

/// A copy of the lab's training project, for a test to change.
///
/// # Panics
/// When it cannot be copied.
#[must_use]
pub fn project(home: &Path) -> PathBuf {
    let target = home.join("project");
    let source = repository().join("tests/lab/project");
    let (source, to) = (source.to_str().unwrap(), target.to_str().unwrap());
    skerry_lab::run(&["cp", "-r", source, to]).unwrap();
    target
}
