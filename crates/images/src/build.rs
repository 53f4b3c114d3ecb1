//! The model on top of the base: configuration and manifest.
//!
//! Written as the OCI image specification 1.0 says, which Docker pulls since 17.06 and Debian's
//! registry takes since 2.7.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use skerry_domain::utc;

use crate::base::Base;
use crate::layer::{IMAGE_FOLDER, StoredLayer, discard, pack_model};
use crate::{Digest, Error, Progress, ProgressFn};

pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Where the scoring server listens inside the container.
const PORT: u16 = 8080;

/// What goes into an image besides its base.
#[derive(Debug, Clone)]
pub struct BuildSpec {
    /// The MLflow model folder: the one with `MLmodel` in it.
    pub model_dir: PathBuf,
    /// The scoring server, `assets/scoring/score.py`.
    pub score_py: Vec<u8>,
    /// Written into the labels.
    pub model: ModelFacts,
    /// The image's date in ms since the Unix epoch: a fact of the model version, not the clock's,
    /// so that the same version gives the same digest.
    pub created_ms: i64,
}

/// Which model version this is.
#[derive(Debug, Clone, Default)]
pub struct ModelFacts {
    /// Name of the registered model.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The run it came from.
    pub run_id: Option<String>,
    /// Words of a person's.
    pub description: Option<String>,
}

/// An image on the disk, ready to be pushed.
#[derive(Debug, Clone)]
pub struct BuiltImage {
    pub(crate) manifest: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) blobs: Vec<StoredBlob>,
}

/// One blob of an image, the configuration among them.
#[derive(Debug, Clone)]
pub(crate) struct StoredBlob {
    pub digest: Digest,
    pub size: u64,
    pub path: PathBuf,
}

impl BuiltImage {
    /// The digest that names the image wherever it is.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Bytes of all blobs, as they are sent.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.size).sum()
    }

    /// The manifest, as it is sent.
    #[must_use]
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }
}

/// Packs the model and makes the image; files go into the folder `work`.
///
/// # Errors
/// When the model folder cannot be packed, the disk is full, or `cancel` is called.
pub async fn build(
    base: &Base,
    spec: BuildSpec,
    work: &Path,
    progress: ProgressFn,
    cancel: &CancellationToken,
) -> Result<BuiltImage, Error> {
    let base = base.clone();
    let work = work.to_owned();
    let cancel = cancel.clone();
    tokio::task::spawn_blocking(move || {
        let tell = |bytes| progress(Progress::Packing { bytes });
        assemble(&base, &spec, &work, &cancel, &tell)
    })
    .await
    .map_err(|error| Error::ModelUnusable(error.to_string()))?
}

fn assemble(
    base: &Base,
    spec: &BuildSpec,
    work: &Path,
    cancel: &CancellationToken,
    tell: &dyn Fn(u64),
) -> Result<BuiltImage, Error> {
    fs::create_dir_all(work).map_err(|e| Error::file("creating the folder", work, e))?;
    let part = work.join("model.part");
    let model = pack_model(&spec.model_dir, &spec.score_py, &part, cancel, tell)
        .inspect_err(|_| discard(&part))?;
    let model_path = work.join(model.digest.hex());
    fs::rename(&part, &model_path).map_err(|e| Error::file("renaming a file", &part, e))?;

    let mut layers: Vec<(StoredLayer, PathBuf)> = base
        .index
        .layers
        .iter()
        .map(|layer| (layer.clone(), base.folder.join(layer.digest.hex())))
        .collect();
    layers.push((model, model_path));

    let labels = labels(spec);
    let config = to_bytes(&configuration(base, spec, &labels, &layers))?;
    let config_digest = Digest::of(&config);
    let config_path = work.join(config_digest.hex());
    crate::base::write_whole(&config_path, &config)?;

    let manifest = to_bytes(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": CONFIG_TYPE, "digest": config_digest, "size": config.len() },
        "layers": layers.iter().map(|(layer, _)| json!({
            "mediaType": LAYER_TYPE, "digest": layer.digest, "size": layer.size,
        })).collect::<Vec<_>>(),
        "annotations": labels,
    }))?;

    let mut blobs: Vec<StoredBlob> = Vec::new();
    for (layer, path) in layers {
        // A base may hold the same layer twice (an empty one, usually).
        if !blobs.iter().any(|blob| blob.digest == layer.digest) {
            blobs.push(StoredBlob {
                digest: layer.digest,
                size: layer.size,
                path,
            });
        }
    }
    blobs.push(StoredBlob {
        digest: config_digest,
        size: config.len() as u64,
        path: config_path,
    });
    Ok(BuiltImage {
        digest: Digest::of(&manifest),
        manifest,
        blobs,
    })
}

fn labels(spec: &BuildSpec) -> Map<String, Value> {
    let model = &spec.model;
    let mut labels = Map::new();
    let mut set = |key: &str, value: &str| labels.insert(key.to_owned(), value.into());
    set("org.opencontainers.image.title", &model.name);
    set("org.opencontainers.image.version", &model.version);
    set("org.opencontainers.image.created", &utc(spec.created_ms));
    if let Some(description) = model.description.as_deref().filter(|text| !text.is_empty()) {
        set("org.opencontainers.image.description", description);
    }
    set("skerry.model.name", &model.name);
    set("skerry.model.version", &model.version);
    if let Some(run) = &model.run_id {
        set("skerry.run.id", run);
    }
    labels
}

/// The base's configuration with the model's layer, start command, port and labels.
fn configuration(
    base: &Base,
    spec: &BuildSpec,
    labels: &Map<String, Value>,
    layers: &[(StoredLayer, PathBuf)],
) -> Value {
    let old = &base.index.config;
    let created = utc(spec.created_ms);
    let mut settings = object(old.get("config"));
    // What belongs to the training image's own start, not to this one's.
    for key in [
        "Cmd",
        "Healthcheck",
        "OnBuild",
        "ArgsEscaped",
        "Hostname",
        "Domainname",
        "Image",
    ] {
        settings.remove(key);
    }
    let mut all_labels = object(settings.get("Labels"));
    all_labels.extend(labels.clone());
    settings.insert("Labels".to_owned(), all_labels.into());
    settings.insert(
        "Entrypoint".to_owned(),
        json!([
            "python3",
            format!("/{IMAGE_FOLDER}/score.py"),
            "--model",
            format!("/{IMAGE_FOLDER}/model"),
            "--listen",
            format!("0.0.0.0:{PORT}"),
        ]),
    );
    settings.insert("WorkingDir".to_owned(), format!("/{IMAGE_FOLDER}").into());
    settings.insert(
        "ExposedPorts".to_owned(),
        json!({ format!("{PORT}/tcp"): {} }),
    );

    let mut history = match old.get("history") {
        Some(Value::Array(lines)) => lines.clone(),
        _ => Vec::new(),
    };
    history.push(json!({
        "created": created,
        "created_by": format!("skerry: {} version {}", spec.model.name, spec.model.version),
    }));

    let mut new = Map::new();
    for key in ["architecture", "variant", "os", "os.version"] {
        if let Some(value) = old.get(key) {
            new.insert(key.to_owned(), value.clone());
        }
    }
    new.insert("created".to_owned(), created.into());
    new.insert("config".to_owned(), settings.into());
    new.insert("history".to_owned(), history.into());
    let diff_ids: Vec<&Digest> = layers
        .iter()
        .filter_map(|(layer, _)| layer.diff_id.as_ref())
        .collect();
    new.insert(
        "rootfs".to_owned(),
        json!({ "type": "layers", "diff_ids": diff_ids }),
    );
    new.into()
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    }
}

fn to_bytes(value: &Value) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| Error::ModelUnusable(e.to_string()))
}
