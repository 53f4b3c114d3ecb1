//! Links `skerry` so that it starts sooner and stays smaller in memory.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A table of relative relocations is a megabyte that is read at each start; packed it
    // is a few pages. glibc understands it from 2.36 on.
    let here = std::env::var("HOST") == std::env::var("TARGET");
    if here && glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    // What a start runs lies side by side (xtask/src/order.rs).
    println!("cargo:rerun-if-changed=start.ld");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|is| is == value);
    if is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") {
        let script = std::env::current_dir().map(|folder| folder.join("start.ld"));
        if let Some(script) = script.ok().filter(|script| script.exists()) {
            println!("cargo:rustc-link-arg-bins=-Wl,-T,{}", script.display());
        }
    }
}

/// The version of glibc on this computer, when it has one.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
