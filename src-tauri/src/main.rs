//! The desktop shell: a window around the console.
//!
//! **Invariant:** no logic. Commands go to [`Console::call`], events come from
//! [`Console::events`]; everything else about the window is here and nothing else is.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

#[cfg(target_os = "linux")]
mod drawing;

use std::path::PathBuf;

use clap::Parser;
use serde_json::Value;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::{Code, ErrorBody};
use tauri::{AppHandle, Emitter as _, Manager as _, RunEvent, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogKind};

/// The Skerry console.
#[derive(Debug, Parser)]
#[command(name = "skerry-desktop", version)]
struct Arguments {
    /// Data folder of the workspace.
    #[arg(long, value_name = "DIR", env = "SKERRY_DATA")]
    data: Option<PathBuf>,
}

#[tauri::command]
async fn command(
    console: tauri::State<'_, Console>,
    name: String,
    args: Value,
) -> Result<Value, ErrorBody> {
    let console = console.inner().clone();
    console.call(&name, args).await
}

/// Asks the person where a file is to be kept and writes it there: the screens have no other way
/// to a file. Answers the place, or nothing when the person thought better of it.
#[tauri::command]
async fn save_file(
    app: AppHandle,
    name: String,
    base64: String,
) -> Result<Option<String>, ErrorBody> {
    let bytes = skerry_console::files::decode(&base64)?;
    let Some(path) = place_for(&app, name).await? else {
        return Ok(None);
    };
    // The dialog has asked whether to replace what is there.
    skerry_console::files::write(&path, bytes, true).await?;
    Ok(Some(path.display().to_string()))
}

/// The same with an export that is whole, which goes from file to file.
#[tauri::command]
async fn save_export(
    app: AppHandle,
    console: tauri::State<'_, Console>,
    name: String,
    id: String,
) -> Result<Option<String>, ErrorBody> {
    let console = console.inner().clone();
    let Some(path) = place_for(&app, name).await? else {
        return Ok(None);
    };
    console.runs_export_save(&id, &path).await?;
    Ok(Some(path.display().to_string()))
}

/// Asks for a place.
async fn place_for(app: &AppHandle, name: String) -> Result<Option<PathBuf>, ErrorBody> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    app.dialog()
        .file()
        .set_file_name(name)
        .save_file(move |place| {
            // Nobody waits any more only when the window closes.
            let _ = sender.send(place);
        });
    let Some(place) = receiver.await.ok().flatten() else {
        return Ok(None);
    };
    place.into_path().map(Some).map_err(|error| {
        ErrorBody::invalid("path", format!("This is no place for a file: {error}."))
    })
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let data_dir = arguments
        .data
        .unwrap_or_else(skerry_console::default_data_dir);
    let _log = skerry_console::logging::init(&data_dir.join("logs"));
    let opened = tauri::async_runtime::block_on(async {
        let console = Console::open(ConsoleOptions::new(&data_dir)).await?;
        console.listen_local()?;
        Ok::<_, ErrorBody>(console)
    });
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(tauri::generate_handler![command, save_file, save_export])
        .setup(move |app| {
            match opened {
                Ok(console) => open_window(app.handle(), console)?,
                Err(problem) => explain_and_exit(app.handle(), &problem),
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event
            && let Some(console) = app.try_state::<Console>()
        {
            let console = console.inner().clone();
            tauri::async_runtime::block_on(async move { console.close().await });
        }
    });
    Ok(())
}

fn open_window(app: &AppHandle, console: Console) -> tauri::Result<()> {
    let mut events = console.events();
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        use tokio::sync::broadcast::error::RecvError;
        loop {
            match events.recv().await {
                Ok(event) => {
                    // Fails only while the window closes.
                    let _ = handle.emit("skerry://event", event);
                }
                Err(RecvError::Lagged(_)) => {
                    let _ = handle.emit("skerry://event", skerry_console::api::Event::everything());
                }
                Err(RecvError::Closed) => break,
            }
        }
    });
    app.manage(console);
    let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title("Skerry")
        .inner_size(1280.0, 800.0)
        .min_inner_size(1024.0, 700.0)
        .build()?;
    #[cfg(target_os = "linux")]
    drawing::fit(&window);
    #[cfg(not(target_os = "linux"))]
    drop(window);
    Ok(())
}

/// There is no window yet to show an error in.
fn explain_and_exit(app: &AppHandle, problem: &ErrorBody) {
    tracing::error!(code = %problem.code.as_str(), "the workspace cannot be opened: {}", problem.message);
    let remedy = match problem.code {
        Code::DataFolderInUse => {
            "Use the window that is open, or start with --data and another folder."
        }
        Code::StoreNewer => "Install the newer version of Skerry that wrote it.",
        Code::DiskFull => "Free some space and start again.",
        _ => "The log in the data folder says more.",
    };
    let app_to_end = app.clone();
    app.dialog()
        .message(format!(
            "{}\n\n{remedy}\n\nCode: {}",
            problem.message,
            problem.code.as_str()
        ))
        .title("Skerry cannot open its workspace")
        .kind(MessageDialogKind::Error)
        .show(move |_| app_to_end.exit(1));
}
