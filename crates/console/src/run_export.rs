//! Runs as a Parquet file. What is found is noted at the beginning; then each call writes some
//! of it, so that it can be seen going on, and left. The file has no name until a person gives it
//! one: nothing stays of an export that is left, or when the program ends.

use std::collections::HashMap;
use std::fs::File;
use std::io::Seek as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use parquet::errors::ParquetError;
use skerry_domain::tracking::Run;
use skerry_domain::{Code, Coded as _, ErrorBody, Reason};
use skerry_store::{Found, Keys, Reader, RunQuery as StoreQuery, StoreError};

use crate::Console;
use crate::api::*;
use crate::columns::MetricColumn;
use crate::console::{blocking, new_id};
use crate::files::NewFile;
use crate::parquet_file::{Cell, Kind, ParquetFile};
use crate::runs::{MachineNames, check_id, is_system, number_of, scope_of};

/// Exports that are under way at once; the oldest gives way to another.
const OPEN: usize = 4;
/// Runs of one call.
const STEP: usize = 1_000;
/// Bytes of one call.
const PART: u64 = 2 << 20;
/// Columns of an export.
const COLUMNS: usize = 20_000;

/// The attributes, in the order in which they stand when all columns are asked for.
const ATTRIBUTES: &[&str] = &[
    "run_id",
    "run_name",
    "status",
    "experiment",
    "machine",
    "start_time",
    "duration",
    "end_time",
    "user_id",
];

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Attribute(&'static str),
    Param(String),
    Metric(String),
    /// Another value of a metric than its last, by the id of the column.
    Picked(String),
    Tag(String),
}

/// What is under way.
#[derive(Default)]
pub(crate) struct Exports {
    open: Mutex<Vec<(String, Arc<Mutex<Export>>)>>,
}

struct Export {
    found: Found,
    fields: Vec<Field>,
    names: MachineNames,
    done: usize,
    file: Written,
}

/// The file, before and after its end is written.
enum Written {
    Partly(Box<ParquetFile<File>>),
    Whole(File, u64),
    /// Writing failed.
    Lost,
}

impl Exports {
    fn with<T>(&self, use_all: impl FnOnce(&mut Vec<(String, Arc<Mutex<Export>>)>) -> T) -> T {
        use_all(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, id: &str) -> Result<Arc<Mutex<Export>>, ErrorBody> {
        self.with(|open| {
            open.iter()
                .find(|(other, _)| other == id)
                .map(|(_, export)| export.clone())
        })
        .ok_or_else(|| ErrorBody::not_found("export", id))
    }

    fn forget(&self, id: &str) {
        self.with(|open| open.retain(|(other, _)| other != id));
    }
}

impl Export {
    fn state(&self, id: &str) -> RunsExported {
        RunsExported {
            id: id.to_owned(),
            done: self.done as u64,
            total: self.found.len() as u64,
            size: match self.file {
                Written::Whole(_, size) => Some(size),
                _ => None,
            },
        }
    }
}

impl Console {
    /// Begins to write the runs that a search finds as a Parquet file.
    pub async fn runs_export(&self, args: RunsExport) -> Result<RunsExported, ErrorBody> {
        let chosen = args.columns.as_deref().map(chosen).transpose()?;
        if let Some(machine) = &args.machine_id {
            check_id("machine_id", machine)?;
        }
        let (found, keys, names) = self
            .db(move |store| {
                let names = store.machine_names()?;
                let all = chosen.is_none();
                store.read(|reader| {
                    let (view, archived) = scope_of(args.stage);
                    let experiment = number_of(reader, args.experiment.as_deref())?;
                    let found = reader.found(&StoreQuery {
                        experiment_ids: experiment.into_iter().collect(),
                        all_experiments: experiment.is_none(),
                        filter: args.filter,
                        machine_id: args.machine_id,
                        order_by: args.order_by,
                        view,
                        archived,
                        ..StoreQuery::default()
                    })?;
                    let keys = if all {
                        reader.found_keys(&found)?
                    } else {
                        Keys::default()
                    };
                    Ok((found, (chosen, keys), names))
                })
            })
            .await?;
        let fields = match keys {
            (Some(fields), _) => fields,
            (None, keys) => every(keys),
        };
        if fields.len() > COLUMNS {
            return Err(ErrorBody::invalid(
                "columns",
                format!(
                    "These runs have {} columns; a file has at most {COLUMNS}. Export the columns of the table.",
                    fields.len()
                ),
            ));
        }
        let folder = self.data_dir().to_owned();
        let export = blocking(move || {
            let columns: Vec<(String, Kind)> = fields.iter().map(Field::column).collect();
            let file = tempfile::tempfile_in(&folder)
                .map_err(ParquetError::from)
                .and_then(|file| ParquetFile::new(file, &columns))
                .map_err(failed)?;
            Ok(Export {
                found,
                fields,
                names,
                done: 0,
                file: Written::Partly(Box::new(file)),
            })
        })
        .await?;
        let id = new_id();
        let state = export.state(&id);
        self.exports().with(|open| {
            if open.len() >= OPEN {
                open.remove(0);
            }
            open.push((id, Arc::new(Mutex::new(export))));
        });
        Ok(state)
    }

    /// Writes some more runs, and the end of the file after the last.
    pub async fn runs_export_more(&self, args: ById) -> Result<RunsExported, ErrorBody> {
        let export = self.exports().get(&args.id)?;
        let console = self.clone();
        blocking(move || {
            let mut export = export.lock().unwrap_or_else(PoisonError::into_inner);
            let export = &mut *export;
            let mut file = match std::mem::replace(&mut export.file, Written::Lost) {
                Written::Partly(file) => file,
                Written::Lost => return Err(ErrorBody::not_found("export", &args.id)),
                whole @ Written::Whole(..) => {
                    export.file = whole;
                    return Ok(export.state(&args.id));
                }
            };
            let rows = console
                .store()
                .read(|reader| {
                    let runs = reader.found_runs(&export.found, export.done, STEP)?;
                    runs.iter()
                        .map(|run| cells(reader, run, &export.fields, &export.names))
                        .collect::<Result<Vec<_>, _>>()
                })
                .map_err(|error| error.to_body())?;
            for row in rows {
                file.push(row).map_err(failed)?;
            }
            export.done = export.found.len().min(export.done + STEP);
            export.file = if export.done < export.found.len() {
                Written::Partly(file)
            } else {
                let file = file.finish().map_err(failed)?;
                let size = file.metadata().map_err(|error| failed(error.into()))?.len();
                Written::Whole(file, size)
            };
            Ok(export.state(&args.id))
        })
        .await
    }

    /// A part of a file that is whole.
    pub async fn runs_export_part(&self, args: ExportPart) -> Result<ExportBytes, ErrorBody> {
        let export = self.exports().get(&args.id)?;
        blocking(move || {
            let export = export.lock().unwrap_or_else(PoisonError::into_inner);
            let Written::Whole(file, size) = &export.file else {
                return Err(not_whole());
            };
            let length = size.saturating_sub(args.offset).min(PART);
            let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
            file.read_exact_at(&mut bytes, args.offset)
                .map_err(|error| failed(error.into()))?;
            Ok(ExportBytes {
                base64: base64::engine::general_purpose::STANDARD.encode(&bytes),
            })
        })
        .await
    }

    /// Saves a file that is whole at a place that the person chose in the host's own dialog,
    /// replacing what is there. Not a command: screens name no places.
    ///
    /// # Errors
    /// `NotFound`, `WrongState`, and as [`crate::files::write`].
    pub async fn runs_export_save(&self, id: &str, path: &Path) -> Result<(), ErrorBody> {
        let export = self.exports().get(id)?;
        let path = path.to_owned();
        blocking(move || {
            let mut export = export.lock().unwrap_or_else(PoisonError::into_inner);
            let Written::Whole(file, _) = &mut export.file else {
                return Err(not_whole());
            };
            file.rewind().map_err(|error| failed(error.into()))?;
            let mut to = NewFile::begin(&path, true)?;
            to.copy(file)?;
            to.finish()
        })
        .await
    }

    /// Gives away a file that is whole, at its beginning, with its size: for a host that hands it
    /// out. The export is forgotten.
    ///
    /// # Errors
    /// `NotFound`, `WrongState`.
    pub async fn runs_export_take(&self, id: &str) -> Result<(File, u64), ErrorBody> {
        let export = self.exports().get(id)?;
        let taken = blocking(move || {
            let mut export = export.lock().unwrap_or_else(PoisonError::into_inner);
            match std::mem::replace(&mut export.file, Written::Lost) {
                Written::Whole(mut file, size) => {
                    file.rewind().map_err(|error| failed(error.into()))?;
                    Ok((file, size))
                }
                partly => {
                    export.file = partly;
                    Err(not_whole())
                }
            }
        })
        .await?;
        self.exports().forget(id);
        Ok(taken)
    }

    /// Forgets an export, whole or not; one that is gone already too.
    pub async fn runs_export_end(&self, args: ById) -> Result<Nothing, ErrorBody> {
        self.exports().forget(&args.id);
        Ok(())
    }
}

fn not_whole() -> ErrorBody {
    ErrorBody::new(Code::WrongState, "The file is not whole yet.")
}

fn failed(error: ParquetError) -> ErrorBody {
    if let ParquetError::External(cause) = &error
        && let Some(cause) = cause.downcast_ref::<std::io::Error>()
    {
        let folder = std::path::Path::new("the data folder");
        let message = format!("The file cannot be put together in the data folder: {cause}.");
        return ErrorBody::file(Reason::Unwritable, folder, cause, message);
    }
    ErrorBody::new(
        Code::Internal,
        format!("The file cannot be put together: {error}."),
    )
}

/// Columns by their ids in the table; what a run is called always comes first.
fn chosen(ids: &[String]) -> Result<Vec<Field>, ErrorBody> {
    let mut fields = vec![Field::Attribute("run_id"), Field::Attribute("run_name")];
    for id in ids {
        let field = Field::parse(id)
            .ok_or_else(|| ErrorBody::invalid("columns", format!("There is no column '{id}'.")))?;
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    Ok(fields)
}

/// All columns that runs with these keys have, but for what programs keep in tags.
fn every(keys: Keys) -> Vec<Field> {
    let tags = keys.tags.into_iter().filter(|key| !is_system(key));
    ATTRIBUTES
        .iter()
        .map(|name| Field::Attribute(name))
        .chain(keys.params.into_iter().map(Field::Param))
        .chain(keys.metrics.into_iter().map(Field::Metric))
        .chain(tags.map(Field::Tag))
        .collect()
}

impl Field {
    fn parse(id: &str) -> Option<Self> {
        let (kind, key) = id.split_once('.')?;
        Some(match kind {
            "attributes" => Self::Attribute(ATTRIBUTES.iter().find(|name| **name == key)?),
            "params" => Self::Param(key.to_owned()),
            "metrics" => Self::Metric(key.to_owned()),
            "tags" => Self::Tag(key.to_owned()),
            _ => MetricColumn::of(id).map(|_| Self::Picked(id.to_owned()))?,
        })
    }

    /// Its name in the file, as MLflow names the columns of its data frames, and its kind.
    fn column(&self) -> (String, Kind) {
        match self {
            Self::Attribute(name @ ("start_time" | "end_time")) => ((*name).to_owned(), Kind::Time),
            Self::Attribute("duration") => ("duration".to_owned(), Kind::Number),
            Self::Attribute(name) => ((*name).to_owned(), Kind::Text),
            Self::Param(key) => (format!("params.{key}"), Kind::Text),
            Self::Metric(key) => (format!("metrics.{key}"), Kind::Number),
            Self::Picked(id) => (id.clone(), Kind::Number),
            Self::Tag(key) => (format!("tags.{key}"), Kind::Text),
        }
    }
}

/// What a run has in each column: times in UTC, durations in seconds.
fn cells(
    reader: &Reader<'_>,
    run: &Run,
    fields: &[Field],
    names: &MachineNames,
) -> Result<Vec<Option<Cell>>, StoreError> {
    let pairs = |all: &[skerry_domain::KeyValue]| -> HashMap<String, String> {
        all.iter()
            .map(|pair| (pair.key.clone(), pair.value.clone()))
            .collect()
    };
    let (params, tags) = (pairs(&run.params), pairs(&run.tags));
    let metrics: HashMap<&str, f64> = run
        .metrics
        .iter()
        .map(|point| (point.key.as_str(), point.value))
        .collect();
    let text = |value: Option<&String>| value.map(|value| Cell::Text(value.clone()));
    fields
        .iter()
        .map(|field| {
            Ok(match field {
                Field::Attribute(name) => attribute(run, name, names),
                Field::Param(key) => text(params.get(key)),
                Field::Metric(key) => metrics.get(key.as_str()).copied().map(Cell::Number),
                Field::Picked(id) => match MetricColumn::of(id) {
                    Some(column) => reader
                        .pick(&run.info.run_id, column.key, column.pick)?
                        .map(|picked| Cell::Number(picked.value)),
                    None => None,
                },
                Field::Tag(key) => text(tags.get(key)),
            })
        })
        .collect()
}

fn attribute(run: &Run, name: &str, names: &MachineNames) -> Option<Cell> {
    let info = &run.info;
    let text = match name {
        "run_id" => info.run_id.clone(),
        "run_name" => info.name.clone(),
        "status" => info.status.as_str().to_owned(),
        "experiment" => info.experiment.clone(),
        "machine" => names.get(info.machine_id.as_ref()?)?.clone(),
        "user_id" => Some(info.user_id.clone()).filter(|user| !user.is_empty())?,
        "start_time" => return info.start_time.map(Cell::Time),
        "end_time" => return info.end_time.map(Cell::Time),
        "duration" => {
            let ms = info.end_time?.saturating_sub(info.start_time?).max(0);
            return Some(Cell::Number(ms as f64 / 1000.0));
        }
        _ => return None,
    };
    Some(Cell::Text(text))
}
