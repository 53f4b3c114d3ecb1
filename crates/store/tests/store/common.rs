//! A store to try things on.

use std::path::Path;

use skerry_domain::tracking::MetricPoint;
use skerry_store::{Batch, NewRun, Store, StoreOptions};

pub(crate) fn open(path: &Path) -> Store {
    Store::open(path, StoreOptions::default()).unwrap()
}

/// A store in a folder of its own, which goes with it.
pub(crate) struct Made {
    pub(crate) store: Store,
    _folder: tempfile::TempDir,
}

pub(crate) fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    Made {
        store: open(&folder.path().join("a.db")),
        _folder: folder,
    }
}

pub(crate) fn new_run(store: &Store) -> String {
    store
        .write(|tx| tx.create_run(NewRun::default()))
        .unwrap()
        .info
        .run_id
}

/// Logs points, a thousand in one commit.
pub(crate) fn log(store: &Store, run: &str, metrics: Vec<MetricPoint>) {
    for part in metrics.chunks(1_000) {
        let (run, metrics) = (run.to_owned(), part.to_vec());
        store
            .write(move |tx| {
                tx.log_batch(
                    &run,
                    Batch {
                        metrics,
                        ..Batch::default()
                    },
                )
            })
            .unwrap();
    }
}
