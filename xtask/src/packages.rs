//! The Debian packages that Skerry needs: the one place that lists them.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::shell;

/// To build the console and open its window.
pub(crate) const RUN: &[&str] = &[
    "build-essential",
    "dbus",
    "libwebkit2gtk-4.1-dev",
    "pkg-config",
    "python3",
];

/// To test it besides: a screen, a browser, a keyring, machines and a registry.
pub(crate) const TEST: &[&str] = &[
    "busybox-static", // a static program, for the test of what may be uploaded
    "apache2-utils",
    "chromium",
    "chromium-driver",
    "dbus-x11",
    "docker-registry",
    "docker.io",
    "gnome-keyring",
    "iproute2",
    "iptables",
    "libsecret-tools",
    "nftables",
    "openssh-client",
    "openssh-server",
    "openssl",
    "procps",
    "python3-pip",
    "python3-venv",
    "sshpass",
    "util-linux",
    "webkit2gtk-driver",
    "xauth",
    "xvfb",
];

/// To measure it besides.
pub(crate) const BENCH: &[&str] = &["wrk"];

/// To see which functions a program runs.
pub(crate) const ORDER: &[&str] = &["binutils", "valgrind"];

/// Installs those that dpkg does not know as installed.
pub(crate) fn install(lists: &[&[&str]]) -> Result<()> {
    let missing: Vec<&str> = lists
        .iter()
        .flat_map(|list| list.iter().copied())
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        println!("all packages are installed");
        return Ok(());
    }
    if shell::output(&["id", "-u"])?.trim() != "0" {
        bail!(
            "these packages are missing: {0}\nInstall them with: sudo apt-get install -y {0}",
            missing.join(" ")
        );
    }
    apt(&["update"])?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&missing);
    apt(&words)
}

fn is_installed(name: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", name])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

fn apt(words: &[&str]) -> Result<()> {
    let mut argv = vec!["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=500"];
    argv.extend_from_slice(words);
    shell::status(shell::program(&argv).env("DEBIAN_FRONTEND", "noninteractive"))
}
