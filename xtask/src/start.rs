//! `cargo xtask run`: from a fresh clone to the open console.

use anyhow::{Result, bail};

use crate::{packages, shell, tests};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let display = std::env::var_os("DISPLAY").or_else(|| std::env::var_os("WAYLAND_DISPLAY"));
    if display.is_none() {
        bail!(
            "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set, so no window can \
             open.\nStart this from a graphical session, or log in with `ssh -X`. Without one, \
             the same console runs in a browser: `cargo run -p skerry-cli -- web --listen \
             127.0.0.1:8765`."
        );
    }
    packages::install(&[packages::RUN])?;
    tests::ui_build()?;
    tests::build(&["skerry-desktop", "skerry-agent", "skerry-cli"])?;
    let agent = tests::static_agent()?;
    let program = shell::target().join("debug/skerry-desktop");
    let mut command = shell::program(&[shell::text(&program)?]);
    command.args(arguments).env("SKERRY_STATIC_AGENT", agent);
    shell::status(&mut command)
}
