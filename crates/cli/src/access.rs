//! Reaching the workspace: opened by this program, or through the one that has it open.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skerry_console::socket::LocalClient;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::{Code, ErrorBody};

/// How long a fresh workspace may take to hear from its machines before a command
/// works with what it last knew.
const SETTLE: Duration = Duration::from_secs(15);

/// The workspace, either way.
pub enum Access {
    /// Opened here; closed at the end.
    Own(Console),
    /// Opened by a window, a browser host or another `skerry`.
    Shared(LocalClient),
}

impl Access {
    /// Opens the workspace, or connects to the program that has it open.
    pub async fn open(data_dir: PathBuf) -> Result<Self, ErrorBody> {
        match Console::open(ConsoleOptions::new(&data_dir)).await {
            Ok(console) => {
                console.listen_local()?;
                console.links_settled(SETTLE).await;
                Ok(Self::Own(console))
            }
            Err(error) if error.code == Code::DataFolderInUse => {
                LocalClient::connect(&data_dir).await.map(Self::Shared)
            }
            Err(error) => Err(error),
        }
    }

    /// Calls a command; the answer as JSON.
    pub async fn value(&mut self, name: &str, args: impl Serialize) -> Result<Value, ErrorBody> {
        let args = serde_json::to_value(args).map_err(|error| unreadable(name, &error))?;
        match self {
            Self::Own(console) => console.call(name, args).await,
            Self::Shared(client) => client.call(name, args).await,
        }
    }

    /// Calls a command; the answer typed.
    pub async fn call<T: DeserializeOwned>(
        &mut self,
        name: &str,
        args: impl Serialize,
    ) -> Result<T, ErrorBody> {
        let value = self.value(name, args).await?;
        serde_json::from_value(value).map_err(|error| unreadable(name, &error))
    }

    /// Waits for what would end with the workspace, if that is ours.
    pub async fn finish(&self) {
        if let Self::Own(console) = self {
            console.saves_ended().await;
        }
    }

    /// Closes the workspace if it is ours.
    pub async fn close(self) {
        if let Self::Own(console) = self {
            console.close().await;
        }
    }
}

fn unreadable(name: &str, error: &serde_json::Error) -> ErrorBody {
    ErrorBody::new(
        Code::Internal,
        format!("{name} was answered by another version of Skerry: {error}."),
    )
}
