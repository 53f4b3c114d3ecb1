//! From MLflow's names for files to where they are in the agent's home.

use std::path::{Path, PathBuf};

use skerry_domain::{Code, ErrorBody, Reason, validate};

use super::{Agent, failure::Failure, io_failure};
use crate::api::ArtifactEntry;

/// A model version may be the copy of one that is a copy; not without end.
const DEEPEST: u8 = 5;

/// A place among artifacts: the root of a run or model, and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    root: PathBuf,
    below: String,
    /// What was asked for below a run: listed paths begin with it, wherever the files are.
    shown: String,
}

impl Place {
    fn path(&self) -> PathBuf {
        if self.below.is_empty() {
            self.root.clone()
        } else {
            self.root.join(&self.below)
        }
    }
}

/// Where a URI leads: `runs:/<run>/<path>`, `models:/m-<id>/<path>`,
/// `models:/<name>/<version>` or `mlflow-artifacts:/…`. What is there may be nothing.
pub(super) fn path(agent: &Agent, uri: &str) -> Failure<PathBuf> {
    place(agent, uri, 0).map(|place| place.path())
}

fn unknown(uri: &str) -> ErrorBody {
    ErrorBody::invalid(
        "uri",
        format!(
            "'{}' names no artifact of this machine.",
            validate::shorten(uri)
        ),
    )
}

fn place(agent: &Agent, uri: &str, depth: u8) -> Failure<Place> {
    if depth > DEEPEST {
        return Err(unknown(uri));
    }
    let (scheme, rest) = uri.split_once(":/").ok_or_else(|| unknown(uri))?;
    let rest = rest.trim_start_matches('/').trim_end_matches('/');
    let (head, below) = rest.split_once('/').unwrap_or((rest, ""));
    let at = |root: &str, below: &str| -> Failure<Place> {
        if !below.is_empty() {
            validate::relative_path("uri", below)?;
        }
        let root = agent
            .artifacts
            .path_of(root, "")
            .map_err(|_| unknown(uri))?;
        Ok(Place {
            root,
            below: below.to_owned(),
            shown: below.to_owned(),
        })
    };
    match scheme {
        "mlflow-artifacts" => at(uri, ""),
        "runs" => {
            let info = agent.store.read(|reader| reader.run_info(head))?;
            let found = at(&info.artifact_uri, below)?;
            if below.is_empty() || found.path().exists() {
                return Ok(found);
            }
            // MLflow 3 keeps a logged model beside its run, under the same name.
            let (name, inside) = below.split_once('/').unwrap_or((below, ""));
            match logged_model_of(agent, head, name)? {
                Some(location) => at(&location, inside).map(|found| Place {
                    shown: below.to_owned(),
                    ..found
                }),
                None => Ok(found),
            }
        }
        "models" if head.starts_with("m-") => {
            let model = agent.store.read(|reader| reader.logged_model(head))?;
            at(&model.artifact_location, below)
        }
        "models" => {
            let version = below.parse().map_err(|_| unknown(uri))?;
            let version = agent
                .store
                .read(|reader| reader.model_version(head, version))?;
            place(agent, &version.source, depth + 1)
        }
        _ => Err(unknown(uri)),
    }
}

fn logged_model_of(agent: &Agent, run_id: &str, name: &str) -> Failure<Option<String>> {
    let found = agent.store.read(|reader| {
        let run = reader.run(run_id)?;
        for output in run.model_outputs.iter().rev() {
            let model = reader.logged_model(&output.model_id)?;
            if model.name == name {
                return Ok(Some(model.artifact_location));
            }
        }
        Ok(None)
    })?;
    Ok(found)
}

/// One level of a tree. Blocks.
pub(super) fn list(agent: &Agent, uri: &str) -> Failure<Vec<ArtifactEntry>> {
    let place = place(agent, uri, 0)?;
    let folder = place.path();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        // A run without artifacts has no folder.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && place.below.is_empty() => {
            return Ok(Vec::new());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ErrorBody::not_found("artifact", &place.below));
        }
        Err(error) => {
            return Err(io_failure(
                &format!("{} cannot be read", folder.display()),
                &error,
            ));
        }
    };
    let mut listed: Vec<ArtifactEntry> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let metadata = entry.metadata().ok()?;
            let path = if place.shown.is_empty() {
                name
            } else {
                format!("{}/{name}", place.shown)
            };
            Some(ArtifactEntry {
                path,
                is_dir: metadata.is_dir(),
                size: if metadata.is_dir() { 0 } else { metadata.len() },
            })
        })
        .collect();
    listed.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listed)
}

/// The folder of a model: where its `MLmodel` is.
pub(super) fn model_folder(agent: &Agent, uri: &str) -> Failure<PathBuf> {
    let folder = path(agent, uri)?;
    if folder.join("MLmodel").is_file() {
        return Ok(folder);
    }
    Err(ErrorBody::new(
        Code::ModelUnusable,
        format!("'{uri}' is no model folder on this machine: there is no MLmodel file in it."),
    )
    .because(Reason::NoMlmodel)
    .with("path", uri)
    .with("model_uri", uri))
}

/// Copies a folder of plain files; anything else in it is left out. Blocks.
pub(super) fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
