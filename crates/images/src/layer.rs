//! Layers: compressed archives whose bytes depend on nothing but their content.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use tar::{Builder, EntryType, Header};
use tokio_util::sync::CancellationToken;
use walkdir::WalkDir;

use crate::base::open_buffered;
use crate::digest::Hashing;
use crate::progress::Watched;
use crate::{Digest, Error};

/// Where the model and its server lie in the image.
pub(crate) const IMAGE_FOLDER: &str = "opt/skerry";
/// Fast, and within a tenth of the best size: layers are read once and sent once.
const LEVEL: u32 = 4;
/// RFC 1952: "unknown" operating system. The default would name the one this runs on.
const UNKNOWN_SYSTEM: u8 = 255;

/// A compressed layer in a file that is named after its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredLayer {
    /// Of the compressed bytes.
    pub digest: Digest,
    /// Compressed bytes.
    pub size: u64,
    /// Of the uncompressed bytes; unknown while a base is being read.
    pub diff_id: Option<Digest>,
}

/// Compresses what `fill` writes into the file `path`; `fill` answers the digest of what it wrote.
pub(crate) fn gzip(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<Digest>,
) -> Result<StoredLayer, Error> {
    let write = || {
        let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        let mut zip = GzBuilder::new()
            .mtime(0)
            .operating_system(UNKNOWN_SYSTEM)
            .write(Hashing::new(file), Compression::new(LEVEL));
        let diff_id = fill(&mut zip)?;
        let mut out = zip.finish()?;
        out.flush()?;
        let (_, digest, size) = out.finish();
        Ok(StoredLayer {
            digest,
            size,
            diff_id: Some(diff_id),
        })
    };
    write().map_err(|e| Error::file("writing a layer", path, e))
}

/// Packs the scoring server and the model folder: entries in order of their names, owned by root,
/// readable by all, dated to the epoch.
pub(crate) fn pack_model(
    model: &Path,
    score_py: &[u8],
    target: &Path,
    cancel: &CancellationToken,
    tell: &dyn Fn(u64),
) -> Result<StoredLayer, Error> {
    let entries = survey(model)?;
    let mut failed = None;
    let packed = gzip(target, |out| {
        let mut tar = Builder::new(Hashing::new(out));
        folder_entry(&mut tar, IMAGE_FOLDER)?;
        folder_entry(&mut tar, &format!("{IMAGE_FOLDER}/model"))?;
        let mut done = 0;
        for entry in &entries {
            let name = format!("{IMAGE_FOLDER}/model/{}", entry.name);
            let Some(size) = entry.size else {
                folder_entry(&mut tar, &name)?;
                continue;
            };
            let file = match open_buffered(&entry.path) {
                Ok(file) => file,
                Err(error) => {
                    failed = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
            };
            let step = |bytes| tell(done + bytes);
            let mut file = Watched::new(file.take(size), cancel, &step);
            file_entry(&mut tar, &name, size, &mut file)?;
            if file.count() != size {
                failed = Some(Error::ModelUnusable(format!(
                    "'{}' changed while it was read",
                    entry.name
                )));
                return Err(io::ErrorKind::Other.into());
            }
            done += size;
        }
        file_entry(
            &mut tar,
            &format!("{IMAGE_FOLDER}/score.py"),
            score_py.len() as u64,
            &mut &score_py[..],
        )?;
        Ok(tar.into_inner()?.finish().1)
    });
    match failed {
        Some(error) => Err(error),
        None => packed,
    }
}

struct Item {
    /// Below the model folder, with `/`.
    name: String,
    path: PathBuf,
    /// Bytes of a file; none for a folder.
    size: Option<u64>,
}

/// Everything below the model folder, in order; refuses what cannot be in a layer.
fn survey(model: &Path) -> Result<Vec<Item>, Error> {
    let unusable = |why: String| Error::ModelUnusable(why);
    if !model.join("MLmodel").is_file() {
        return Err(unusable("it has no file MLmodel".to_owned()));
    }
    let mut items = Vec::new();
    for entry in WalkDir::new(model).min_depth(1).follow_links(false) {
        let entry = entry.map_err(|e| unusable(e.to_string()))?;
        let below = entry.path().strip_prefix(model).unwrap_or(entry.path());
        let Some(name) = below.to_str().map(str::to_owned) else {
            return Err(unusable(format!(
                "the name of '{}' is not UTF-8",
                below.display()
            )));
        };
        let kind = entry.file_type();
        if !kind.is_dir() && !kind.is_file() {
            return Err(unusable(format!("'{name}' is neither a file nor a folder")));
        }
        // In a layer such a name means that a file of the base is deleted.
        if entry.file_name().as_encoded_bytes().starts_with(b".wh.") {
            return Err(unusable(format!(
                "'{name}' begins with .wh., which an image cannot hold"
            )));
        }
        let size = match kind.is_file() {
            true => Some(entry.metadata().map_err(|e| unusable(e.to_string()))?.len()),
            false => None,
        };
        items.push(Item {
            name,
            path: entry.into_path(),
            size,
        });
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(items)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn folder_entry<W: Write>(tar: &mut Builder<W>, name: &str) -> io::Result<()> {
    let mut header = header(EntryType::Directory, 0o755, 0);
    tar.append_data(&mut header, format!("{name}/"), io::empty())
}

fn file_entry<W: Write>(
    tar: &mut Builder<W>,
    name: &str,
    size: u64,
    content: &mut dyn Read,
) -> io::Result<()> {
    let mut header = header(EntryType::Regular, 0o644, size);
    tar.append_data(&mut header, name, content)
}

/// Removes a half-written layer; that it cannot be removed is not what a person needs to hear.
pub(crate) fn discard(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(path = %path.display(), %error, "a half-written layer stays");
    }
}
