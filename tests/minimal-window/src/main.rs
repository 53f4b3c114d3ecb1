//! A window with one word in it, for `cargo xtask bench`.

fn main() -> Result<(), tauri::Error> {
    tauri::Builder::default().run(tauri::generate_context!())
}
