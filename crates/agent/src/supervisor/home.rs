use std::{
    fs::{self, DirBuilder, File, TryLockError},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use skerry_domain::{Code, ErrorBody};

use super::failure::{Failure, io_failure};

/// The agent's folder. Only its user can look into it.
#[derive(Debug, Clone)]
pub(super) struct Home(PathBuf);

impl Home {
    /// Makes the folder and what belongs in it.
    pub(super) fn make(root: &Path) -> Failure<Self> {
        let failed = |error: std::io::Error| {
            io_failure(
                &format!("The agent's folder {} cannot be made", root.display()),
                &error,
            )
        };
        let root = std::path::absolute(root).map_err(failed)?;
        let home = Self(root.clone());
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for folder in [
            root.clone(),
            home.blobs(),
            home.artifacts(),
            home.processes(),
            root.join("runs"),
            root.join("services"),
        ] {
            builder.create(&folder).map_err(failed)?;
        }
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(home)
    }

    /// Takes the folder for this process; another agent's attempt fails until the file
    /// is dropped, however this process ends.
    pub(super) fn lock(&self) -> Failure<File> {
        let path = self.0.join("agent.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| io_failure(&format!("{} cannot be opened", path.display()), &error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(ErrorBody::new(
                Code::Busy,
                format!("Another agent already works in {}.", self.0.display()),
            )
            .with("home", self.0.display().to_string())),
            Err(TryLockError::Error(error)) => Err(io_failure(
                &format!("{} cannot be locked", path.display()),
                &error,
            )),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.join("agent.db")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("agent.sock")
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(super) fn artifacts(&self) -> PathBuf {
        self.0.join("artifacts")
    }

    /// State of the process engine.
    pub(super) fn processes(&self) -> PathBuf {
        self.0.join("processes")
    }

    pub(super) fn run(&self, run_id: &str) -> RunFolder {
        RunFolder(self.0.join("runs").join(run_id))
    }

    pub(super) fn service(&self, service_id: &str) -> PathBuf {
        self.0.join("services").join(service_id)
    }

    /// Base images that were read out of the engine, by image id.
    pub(super) fn image_base(&self, image_id: &str) -> PathBuf {
        self.0
            .join("image-bases")
            .join(image_id.trim_start_matches("sha256:"))
    }

    pub(super) fn build(&self, id: &str) -> PathBuf {
        self.0.join("builds").join(id)
    }
}

/// The folder of one run. `work`, `sock` and `log` are what its workload sees.
#[derive(Debug, Clone)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    /// The unpacked project.
    pub(super) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// Holds the tracking socket.
    pub(super) fn sockets(&self) -> PathBuf {
        self.0.join("sock")
    }

    pub(super) fn tracking_socket(&self) -> PathBuf {
        self.sockets().join("mlflow.sock")
    }

    /// Holds the log and the end.
    pub(super) fn logs(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.logs().join("log")
    }

    pub(super) fn end(&self) -> PathBuf {
        self.logs().join("exit")
    }
}
