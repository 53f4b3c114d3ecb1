//! The training image of the lab: made once from Debian's and Python's packages, then kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::run;
use crate::machine::{Machine, MachineOptions};

/// The name of the image with mlflow-skinny and scikit-learn.
pub const TRAINING_IMAGE: &str = "skerry-lab/sklearn:1";

/// Makes the images by the recipe in `tests/lab/images`, unless this recipe's result is there
/// already, and returns the folder that holds them: `NAME.tar` and `engine`, the data folder of
/// a Docker engine that has loaded them.
///
/// # Errors
/// When the recipe fails (packages that cannot be had, a full disk).
pub fn training_image() -> Result<PathBuf> {
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let home = std::env::var("HOME").context("HOME is not set")?;
    let root = Path::new(&home).join(".cache/skerry/lab-images");
    fs::create_dir_all(&root)?;
    let lock = File::create(root.join("lock"))?;
    lock.lock()?;
    let folder = root.join(digest(&recipe)?);
    if folder.join("engine").is_dir() {
        return Ok(folder);
    }
    // Recipes of the past are not asked for again.
    for entry in fs::read_dir(&root)?.flatten() {
        if entry.path().is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    let build = recipe.join("build.sh");
    let status = Command::new("bash").arg(&build).arg(&folder).status()?;
    if !status.success() {
        bail!("{} ended with {status}", build.display());
    }
    // A machine without images loads them; its engine's data folder is the template.
    let machine = Machine::start(MachineOptions::default())?;
    for entry in fs::read_dir(&folder)?.flatten() {
        if entry.path().extension().is_some_and(|end| end == "tar") {
            machine.load_image(&entry.path())?;
        }
    }
    machine.stop_engine()?;
    let half = folder.join("engine.half");
    copy(&machine.disk().join("docker"), &half)?;
    fs::rename(&half, folder.join("engine"))?;
    Ok(folder)
}

/// Fills a new engine's data folder with the images.
pub(crate) fn lay_engine_data(target: &Path) -> Result<()> {
    copy(&training_image()?.join("engine"), target)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let (Some(from), Some(to)) = (from.to_str(), to.to_str()) else {
        bail!("a path of the lab is not UTF-8");
    };
    run(&["rm", "-rf", to])?;
    run(&["cp", "--archive", "--reflink=auto", from, to])?;
    Ok(())
}

/// What the recipe's files say, as one word.
fn digest(recipe: &Path) -> Result<String> {
    let Some(recipe) = recipe.to_str() else {
        bail!("the path of the recipe is not UTF-8");
    };
    let line = "find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum";
    let sum = run(&["bash", "-c", &format!("cd \"$0\" && {line}"), recipe])?;
    Ok(sum.chars().take(16).collect())
}
