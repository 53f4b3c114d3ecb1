//! Where the programs under test are.

use std::path::{Path, PathBuf};

/// Long enough for a slow and busy computer; a test that passes never waits this long.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// A program built from this workspace: `skerry`, `skerry-desktop`, `skerry-agent`.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let folder = match std::env::var_os("SKERRY_TEST_BIN") {
        Some(folder) => PathBuf::from(folder),
        None => beside_tests(),
    };
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is not built; `cargo xtask test --only build` builds it",
        program.display()
    );
    program
}

/// The agent that is uploaded to machines.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn static_agent() -> PathBuf {
    let agent = match std::env::var_os("SKERRY_STATIC_AGENT") {
        Some(file) => PathBuf::from(file),
        None => beside_tests().join("../static/x86_64-unknown-linux-gnu/agent/skerry-agent"),
    };
    assert!(
        agent.is_file(),
        "{} is not built; `cargo xtask test --only agent` builds it",
        agent.display()
    );
    agent
}

/// A Python that has the unmodified `mlflow` client.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn python() -> PathBuf {
    let python = match std::env::var_os("SKERRY_TEST_PYTHON") {
        Some(file) => PathBuf::from(file),
        None => Path::new(&std::env::var("HOME").unwrap()).join(".cache/skerry/venv/bin/python"),
    };
    assert!(
        python.is_file(),
        "{} is not there; `cargo xtask test --only venv` installs it",
        python.display()
    );
    python
}

/// A Python that has the whole of `mlflow`, its server too.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn python_server() -> PathBuf {
    let python = match std::env::var_os("SKERRY_TEST_PYTHON_SERVER") {
        Some(file) => PathBuf::from(file),
        None => {
            Path::new(&std::env::var("HOME").unwrap()).join(".cache/skerry/venv-server/bin/python")
        }
    };
    assert!(
        python.is_file(),
        "{} is not there; `cargo xtask test --only venv` installs it",
        python.display()
    );
    python
}

/// Python with other packages, of the environment `venv-NAME` beside that of [`python`].
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn python_with(name: &str) -> PathBuf {
    let beside = python();
    let environments = beside.ancestors().nth(3).unwrap();
    let python = environments.join(format!("venv-{name}")).join("bin/python");
    assert!(
        python.is_file(),
        "{} is not there; `cargo xtask test --only venv` installs it",
        python.display()
    );
    python
}

/// Where pictures and logs of failed tests go.
///
/// # Panics
/// When the folder cannot be made.
#[must_use]
pub fn out() -> PathBuf {
    let folder = match std::env::var_os("SKERRY_TEST_OUT") {
        Some(folder) => PathBuf::from(folder),
        None => beside_tests().join("../tests"),
    };
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The root of the repository.
///
/// # Panics
/// Never in this repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `target/debug`, seen from a test program in `target/debug/deps` or beside it.
fn beside_tests() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let folder = me.parent().unwrap();
    if folder.ends_with("deps") {
        folder.parent().unwrap().to_path_buf()
    } else {
        folder.to_path_buf()
    }
}
