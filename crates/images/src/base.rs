//! The base image, as an engine exports it (`docker save`, `GET /images/{name}/get`).
//!
//! Two layouts occur: the older one (`manifest.json`, layers as `…/layer.tar`; Docker before 25,
//! Podman) and the OCI layout (`index.json`, `blobs/sha256/…`; newer Docker, which writes
//! `manifest.json` as well). The order of the files is not defined, so layers are compressed as
//! they come by and given their places at the end.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::AsyncRead;
use tokio_util::io::SyncIoBridge;
use tokio_util::sync::CancellationToken;

use crate::digest::Hashing;
use crate::layer::{StoredLayer, gzip};
use crate::progress::Watched;
use crate::{Digest, Error, Progress, ProgressFn};

/// Written last: a folder that has it is whole.
const INDEX: &str = "base.json";
/// Larger files of an archive are never JSON documents.
const DOCUMENT_LIMIT: u64 = 4 << 20;
/// All JSON documents of an archive together.
const DOCUMENTS_LIMIT: usize = 32 << 20;
const LINK_DEPTH: usize = 16;
/// Bytes between the engine's stream and the thread that compresses.
const PIPE: usize = 1 << 20;

/// An image that can be built on: its settings, and its layers as files.
#[derive(Debug, Clone)]
pub struct Base {
    pub(crate) folder: PathBuf,
    pub(crate) index: Index,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Index {
    /// The image's configuration, as exported.
    pub config: Value,
    pub layers: Vec<StoredLayer>,
}

impl Base {
    /// Opens a folder that [`unpack_base`] filled.
    ///
    /// # Errors
    /// [`Error::BaseIncomplete`] when it was not filled to the end, or files are gone.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let incomplete = || Error::BaseIncomplete(folder.to_owned());
        let text = fs::read(folder.join(INDEX)).map_err(|_| incomplete())?;
        let index: Index = serde_json::from_slice(&text).map_err(|_| incomplete())?;
        for layer in &index.layers {
            let size = fs::metadata(folder.join(layer.digest.hex())).map_or(0, |file| file.len());
            if size != layer.size {
                return Err(incomplete());
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            index,
        })
    }

    /// Bytes of all layers, compressed.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.index.layers.iter().map(|layer| layer.size).sum()
    }
}

/// Reads an exported image into `folder`, which must be empty or absent; layers are compressed on
/// the way. A folder that was left half filled is told by [`Base::open`].
///
/// # Errors
/// When the archive is not an image, the disk is full, reading fails, or `cancel` is called.
pub async fn unpack_base<R>(
    archive: R,
    folder: &Path,
    progress: ProgressFn,
    cancel: &CancellationToken,
) -> Result<Base, Error>
where
    R: AsyncRead + Send + Unpin,
{
    let mut archive = archive;
    let (mut feed, fed) = tokio::io::duplex(PIPE);
    // The feed ends when a person cancels, even where the engine's stream has gone silent.
    let pump = async move {
        tokio::select! {
            done = tokio::io::copy(&mut archive, &mut feed) => done.map(|_| ()),
            () = cancel.cancelled() => Ok(()),
        }
    };
    let target = folder.to_owned();
    let stopped = cancel.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let tell = |bytes| progress(Progress::Reading { bytes });
        unpack(
            Watched::new(SyncIoBridge::new(fed), &stopped, &tell),
            &target,
        )
    });
    let (pumped, done) = tokio::join!(pump, reading);
    let done = done.map_err(|error| Error::BaseUnusable(error.to_string()))?;
    if done.is_err() && cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    match pumped {
        // A broken pipe only says that unpacking ended first.
        Err(error) if done.is_err() && error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::file("reading the base image", folder, error))
        }
        _ => done,
    }
}

/// What was found under a name in the archive.
enum Found {
    Document(Vec<u8>),
    Layer(StoredLayer),
    Link(String),
}

fn unpack<R: Read>(archive: R, folder: &Path) -> Result<Base, Error> {
    fs::create_dir_all(folder).map_err(|e| Error::file("creating the folder", folder, e))?;
    let mut entries =
        fs::read_dir(folder).map_err(|e| Error::file("reading the folder", folder, e))?;
    if entries.next().is_some() {
        return Err(Error::file(
            "unpacking the base image",
            folder,
            io::ErrorKind::DirectoryNotEmpty.into(),
        ));
    }
    let mut found = read_archive(archive, folder)?;
    let (config_name, layer_names) = names(&found)?;
    let config = document(&found, &config_name)?;
    let diff_ids = diff_ids(&config)?;
    if diff_ids.len() != layer_names.len() {
        return Err(Error::BaseUnusable(format!(
            "it has {} layers, its configuration names {}",
            layer_names.len(),
            diff_ids.len()
        )));
    }
    let mut layers = Vec::new();
    for (name, diff_id) in layer_names.iter().zip(diff_ids) {
        let name = follow(&found, name)?;
        // A layer without any file is a short block of zeros, taken for a document at first.
        if let Some(Found::Document(bytes)) = found.get(&name) {
            let layer = store(Cursor::new(bytes.clone()), folder)?;
            found.insert(name.clone(), Found::Layer(layer));
        }
        let Some(Found::Layer(layer)) = found.get(&name) else {
            return Err(Error::BaseUnusable(format!("its layer {name} is missing")));
        };
        let mut layer = layer.clone();
        match &layer.diff_id {
            Some(known) if *known != diff_id => {
                return Err(Error::BaseUnusable(format!(
                    "its layer {name} is damaged (it should be {diff_id}, it is {known})"
                )));
            }
            _ => layer.diff_id = Some(diff_id),
        }
        layers.push(layer);
    }
    tidy(&found, &layers, folder)?;
    let base = Base {
        folder: folder.to_owned(),
        index: Index { config, layers },
    };
    let text = serde_json::to_vec(&base.index).map_err(|e| Error::BaseUnusable(e.to_string()))?;
    write_whole(&folder.join(INDEX), &text)?;
    Ok(base)
}

fn read_archive<R: Read>(archive: R, folder: &Path) -> Result<BTreeMap<String, Found>, Error> {
    let broken = |error| unreadable(folder, error);
    let mut found = BTreeMap::new();
    let mut documents = 0;
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = normal(&String::from_utf8_lossy(&entry.path_bytes()));
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            let target = entry.link_name_bytes().unwrap_or_default();
            let target = String::from_utf8_lossy(&target);
            let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
            let target = match kind.is_symlink() {
                true => normal(&format!("{parent}/{target}")),
                false => normal(&target),
            };
            found.insert(name, Found::Link(target));
        } else if kind.is_file() {
            let size = entry.size();
            let thing = read_file(entry, &name, size, folder)?;
            if let Found::Document(bytes) = &thing {
                documents += bytes.len();
                if documents > DOCUMENTS_LIMIT {
                    return Err(Error::BaseUnusable(
                        "it is not an exported image (too many small files)".to_owned(),
                    ));
                }
            }
            found.insert(name, thing);
        }
    }
    Ok(found)
}

fn read_file(mut file: impl Read, name: &str, size: u64, folder: &Path) -> Result<Found, Error> {
    let broken = |error| unreadable(folder, error);
    let mut head = Vec::new();
    file.by_ref()
        .take(512)
        .read_to_end(&mut head)
        .map_err(broken)?;
    let gzipped = head.starts_with(&[0x1f, 0x8b]);
    let tar = head.get(257..262) == Some(b"ustar".as_slice()) || name.ends_with("/layer.tar");
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(Error::BaseUnusable(format!(
            "its layer {name} is compressed by zstd, which engines before Docker 23 cannot pull"
        )));
    }
    if size <= DOCUMENT_LIMIT && !gzipped && !tar {
        file.read_to_end(&mut head).map_err(broken)?;
        return Ok(Found::Document(head));
    }
    let whole = Cursor::new(head).chain(file);
    if gzipped {
        keep(whole, folder).map(Found::Layer)
    } else {
        store(whole, folder).map(Found::Layer)
    }
}

/// Compresses a layer into the folder, under its digest.
fn store(content: impl Read, folder: &Path) -> Result<StoredLayer, Error> {
    let part = folder.join("part");
    let layer = gzip(&part, |out| {
        let mut content = Hashing::new(content);
        io::copy(&mut content, out)?;
        Ok(content.finish().1)
    })?;
    rename(&part, &folder.join(layer.digest.hex()))?;
    Ok(layer)
}

/// Keeps a layer that is compressed already; its content is checked by whoever pulls it.
fn keep(mut content: impl Read, folder: &Path) -> Result<StoredLayer, Error> {
    let part = folder.join("part");
    let file = File::create(&part).map_err(|e| Error::file("writing a layer", &part, e))?;
    let mut out = Hashing::new(BufWriter::with_capacity(1 << 18, file));
    io::copy(&mut content, &mut out)
        .and_then(|_| out.flush())
        .map_err(|e| Error::file("writing a layer", &part, e))?;
    let (_, digest, size) = out.finish();
    rename(&part, &folder.join(digest.hex()))?;
    Ok(StoredLayer {
        digest,
        size,
        diff_id: None,
    })
}

#[derive(Deserialize)]
struct SavedImage {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default, rename = "mediaType")]
    media_type: String,
    #[serde(default)]
    platform: Value,
}

#[derive(Deserialize)]
struct OciIndex {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct OciManifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// The names in the archive of the configuration and of the layers, in order.
fn names(found: &BTreeMap<String, Found>) -> Result<(String, Vec<String>), Error> {
    if found.contains_key("manifest.json") {
        let images: Vec<SavedImage> = parse(&document(found, "manifest.json")?, "manifest.json")?;
        let Some(image) = images.into_iter().next() else {
            return Err(Error::BaseUnusable("its manifest.json is empty".to_owned()));
        };
        let layers = image.layers.iter().map(|name| normal(name)).collect();
        return Ok((normal(&image.config), layers));
    }
    if !found.contains_key("index.json") {
        return Err(Error::BaseUnusable(
            "it is not an exported image (neither manifest.json nor index.json is in it)"
                .to_owned(),
        ));
    }
    let mut at = "index.json".to_owned();
    for _ in 0..LINK_DEPTH {
        let value = document(found, &at)?;
        if value.get("manifests").is_none() {
            let manifest: OciManifest = parse(&value, &at)?;
            let layers = manifest.layers.iter().map(blob).collect();
            return Ok((blob(&manifest.config), layers));
        }
        let index: OciIndex = parse(&value, &at)?;
        let usable = |entry: &&Descriptor| {
            let os = entry.platform.get("os").and_then(Value::as_str);
            os.is_none_or(|os| os == "linux") && !entry.media_type.is_empty()
        };
        let present = |entry: &&Descriptor| found.contains_key(&blob(entry));
        let next = index.manifests.iter().filter(usable).find(present);
        let Some(next) = next else {
            return Err(Error::BaseUnusable(format!(
                "{at} names no image that is in the archive"
            )));
        };
        at = blob(next);
    }
    Err(Error::BaseUnusable(
        "its indexes are nested too deeply".to_owned(),
    ))
}

fn blob(descriptor: &Descriptor) -> String {
    format!("blobs/{}", descriptor.digest.replacen(':', "/", 1))
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value, name: &str) -> Result<T, Error> {
    T::deserialize(value).map_err(|e| Error::BaseUnusable(format!("{name} cannot be read: {e}")))
}

fn document(found: &BTreeMap<String, Found>, name: &str) -> Result<Value, Error> {
    let name = follow(found, name)?;
    let Some(Found::Document(bytes)) = found.get(&name) else {
        return Err(Error::BaseUnusable(format!("{name} is missing in it")));
    };
    serde_json::from_slice(bytes)
        .map_err(|e| Error::BaseUnusable(format!("{name} cannot be read: {e}")))
}

/// The name at the end of links.
fn follow(found: &BTreeMap<String, Found>, name: &str) -> Result<String, Error> {
    let mut at = name.to_owned();
    for _ in 0..LINK_DEPTH {
        match found.get(&at) {
            Some(Found::Link(target)) => at.clone_from(target),
            _ => return Ok(at),
        }
    }
    Err(Error::BaseUnusable(format!(
        "{name} is a link that leads nowhere"
    )))
}

/// The digests of the uncompressed layers, as the configuration names them.
fn diff_ids(config: &Value) -> Result<Vec<Digest>, Error> {
    let os = config.get("os").and_then(Value::as_str).unwrap_or_default();
    if os != "linux" {
        return Err(Error::BaseUnusable(format!(
            "it is made for '{os}', not for linux"
        )));
    }
    let listed = config
        .pointer("/rootfs/diff_ids")
        .cloned()
        .unwrap_or_default();
    parse(&listed, "the list of layers")
}

/// Removes stored files that are no layers of the image.
fn tidy(
    found: &BTreeMap<String, Found>,
    layers: &[StoredLayer],
    folder: &Path,
) -> Result<(), Error> {
    let used: HashSet<&Digest> = layers.iter().map(|layer| &layer.digest).collect();
    for thing in found.values() {
        if let Found::Layer(layer) = thing
            && !used.contains(&layer.digest)
        {
            let path = folder.join(layer.digest.hex());
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::file("removing a file", &path, error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A path without `.`, `..` and doubled slashes. It is a key here, never a place on the disk.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Without an error of the system's it is the archive that is broken.
fn unreadable(folder: &Path, error: io::Error) -> Error {
    match Error::file("reading the base image", folder, error) {
        Error::File { source, .. } if source.raw_os_error().is_none() => {
            Error::BaseUnusable(format!("it cannot be read to its end: {source}"))
        }
        other => other,
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|e| Error::file("renaming a file", from, e))
}

/// Writes a file so that it is there as a whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let part = path.with_extension("part");
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(|e| Error::file("writing a file", path, e))
}

pub(crate) fn open_buffered(path: &Path) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(|e| Error::file("reading a file", path, e))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}
