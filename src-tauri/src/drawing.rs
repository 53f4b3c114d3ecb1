//! How the window draws on a Linux machine without a graphics processor, as many virtual machines
//! are (some offer one that is imitated all the same, which is not looked through here). WebKitGTK composes its layers with OpenGL there too, which Mesa then carries out on the
//! processor: a frame of a scrolled table takes three to five times as long as when the web view
//! draws its pixels itself.

use std::fs::{self, OpenOptions};
use std::path::Path;

use tauri::WebviewWindow;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

/// Where the kernel offers graphics processors to everybody: `renderD128` and on.
const DEVICES: &str = "/dev/dri";

/// Lets the web view draw its pixels itself where no graphics processor would do it.
pub fn fit(window: &WebviewWindow) {
    if has_processor(Path::new(DEVICES)) {
        return;
    }
    let done = window.with_webview(|view| {
        if let Some(settings) = view.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    });
    match done {
        Ok(()) => tracing::info!("no graphics processor: the window draws without one"),
        // It is slower, and works.
        Err(error) => {
            tracing::warn!(%error, "the window cannot be told to draw without a graphics processor")
        }
    }
}

/// Whether there is a graphics processor that this person may use.
fn has_processor(devices: &Path) -> bool {
    fs::read_dir(devices)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
        .any(|entry| {
            let opened = OpenOptions::new().read(true).write(true).open(entry.path());
            opened.is_ok()
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // tests

    use super::*;

    #[test]
    fn a_processor_counts_when_it_can_be_used() {
        let devices = tempfile::tempdir().unwrap();
        assert!(!has_processor(&devices.path().join("none")));
        assert!(!has_processor(devices.path()));
        fs::write(devices.path().join("card0"), "").unwrap();
        assert!(!has_processor(devices.path()), "only a screen");
        fs::create_dir(devices.path().join("renderD128")).unwrap();
        assert!(!has_processor(devices.path()), "not to be opened");
        fs::write(devices.path().join("renderD129"), "").unwrap();
        assert!(has_processor(devices.path()));
    }
}
