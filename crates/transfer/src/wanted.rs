//! What a person asks for: where from, or where to.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use skerry_domain::ErrorBody;
use skerry_mlflow::ArtifactRoot;
use skerry_store::Store;

use crate::{
    Client, Credentials, DatabaseSource, Event, FolderSource, Report, Result, ServerSource,
    ServerTarget, Source, Stop, StoreSource, StoreTarget, survey, walk,
};

/// What is to be carried into a store of ours, or out of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Everything of a source comes in.
    Import(Import),
    /// Everything of the store goes to a server.
    Export(Export),
}

/// What comes in.
#[derive(Debug, Clone, Deserialize)]
pub struct Import {
    /// URL of a server, an `mlruns` folder, or an SQLite file, as MLflow's options name
    /// them too (`sqlite:///…`, `file:…`).
    pub source: String,
    /// Folder with the artifacts, where it is neither in `mlruns` nor beside the file.
    pub artifacts: Option<PathBuf>,
    /// How the server knows us.
    pub credentials: Credentials,
}

/// What goes out.
#[derive(Debug, Clone, Deserialize)]
pub struct Export {
    /// URL of the server.
    pub url: String,
    /// How it knows us.
    pub credentials: Credentials,
}

impl Import {
    /// Opens the source.
    ///
    /// # Errors
    /// [`skerry_domain::Code::NotFound`] when nothing of that name is there, and what
    /// keeps the source from being read.
    pub fn open(&self) -> Result<Box<dyn Source>> {
        let named = self.source.as_str();
        if is_url(named) {
            let client = Client::connect(named, self.credentials.clone())?;
            return Ok(Box::new(ServerSource::new(client)));
        }
        let path = Path::new(path_of(named));
        let artifacts = self.artifacts.as_deref();
        if path.is_dir() {
            Ok(Box::new(FolderSource::open(path, artifacts)?))
        } else if path.is_file() {
            Ok(Box::new(DatabaseSource::open(path, artifacts)?))
        } else {
            Err(ErrorBody::not_found("folder, file or server", named))
        }
    }

    /// The same for a program that was started in another folder.
    fn anywhere(&self) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut wanted = self.clone();
        if !is_url(&self.source)
            && let Some(path) = absolute(Path::new(path_of(&self.source))).to_str()
        {
            wanted.source = path.to_owned();
        }
        wanted.artifacts = self.artifacts.as_deref().map(absolute);
        wanted
    }

    /// Counts what would come; nothing is written.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn survey(&self, tell: &mut dyn FnMut(Event)) -> Result<Report> {
        survey(self.open()?.as_ref(), tell)
    }
}

fn is_url(named: &str) -> bool {
    named.starts_with("http://") || named.starts_with("https://")
}

fn path_of(named: &str) -> &str {
    ["sqlite:///", "file://", "file:"]
        .iter()
        .find_map(|scheme| named.strip_prefix(scheme))
        .unwrap_or(named)
}

impl Wanted {
    /// Does it with a store and the folder of its artifacts. Blocks, with a runtime of
    /// tokio around.
    ///
    /// # Errors
    /// What makes going on useless; [`skerry_domain::Code::Cancelled`] when it was
    /// stopped. What cannot be carried by itself is in the report.
    pub fn carry(
        &self,
        store: &Store,
        root: &ArtifactRoot,
        stop: &Stop,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Report> {
        match self {
            Self::Import(import) => {
                let source = import.open()?;
                let target = StoreTarget::new(store.clone(), root.clone(), stop.clone());
                walk::transfer(source.as_ref(), &target, stop, tell)
            }
            Self::Export(export) => {
                let source = StoreSource::new(store.clone(), root.clone());
                let client = Client::connect(&export.url, export.credentials.clone())?;
                walk::transfer(&source, &ServerTarget::new(client), stop, tell)
            }
        }
    }

    /// As another program of the same person reads it: the one place where a secret is
    /// written out, for a socket that only that person can open.
    pub(crate) fn to_wire(&self) -> Value {
        let secret = |credentials: &Credentials| match credentials {
            Credentials::None => json!("none"),
            Credentials::Token(token) => json!({"token": token.expose()}),
            Credentials::Basic(user, password) => json!({"basic": [user, password.expose()]}),
        };
        match self {
            Self::Import(import) => {
                let import = import.anywhere();
                json!({"import": {
                    "source": import.source,
                    "artifacts": import.artifacts,
                    "credentials": secret(&import.credentials),
                }})
            }
            Self::Export(export) => json!({"export": {
                "url": export.url,
                "credentials": secret(&export.credentials),
            }}),
        }
    }
}

#[cfg(test)]
mod tests {
    use skerry_domain::Secret;

    use super::*;

    #[test]
    fn asked_for_in_another_folder() {
        for credentials in [
            Credentials::None,
            Credentials::Token(Secret::new("t")),
            Credentials::Basic("u".to_owned(), Secret::new("p")),
        ] {
            let wanted = Wanted::Import(Import {
                source: "sqlite:///mlflow.db".to_owned(),
                artifacts: Some(PathBuf::from("art")),
                credentials: credentials.clone(),
            });
            let Wanted::Import(read) = serde_json::from_value(wanted.to_wire()).unwrap() else {
                panic!("another thing");
            };
            let here = std::env::current_dir().unwrap();
            assert_eq!(Path::new(&read.source), here.join("mlflow.db"));
            assert_eq!(read.artifacts, Some(here.join("art")));
            assert_eq!(
                format!("{:?}", read.credentials),
                format!("{credentials:?}")
            );
            assert!(!format!("{read:?}").contains("\"p\""));
        }
        let wanted = Wanted::Export(Export {
            url: "https://x/".to_owned(),
            credentials: Credentials::None,
        });
        assert!(matches!(
            serde_json::from_value(wanted.to_wire()).unwrap(),
            Wanted::Export(Export { url, .. }) if url == "https://x/"
        ));
    }
}
