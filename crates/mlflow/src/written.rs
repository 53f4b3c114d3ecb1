//! MLflow's JSON of runs and histories, written straight from the store's types: there
//! may be thousands of runs in an answer, and a million points.

use serde::{Serialize, Serializer};
use skerry_domain::KeyValue;
use skerry_domain::tracking::{Dataset, DatasetInput, MetricPoint, ModelOutput, Run, RunInfo};
use skerry_store::Sample;

use crate::args::page_token;
use crate::json::lifecycle;

/// NaN is a string, infinities are the greatest numbers there are.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() {
            serializer.serialize_str("NaN")
        } else {
            serializer.serialize_f64(self.0.clamp(f64::MIN, f64::MAX))
        }
    }
}

/// A list whose items are written as they are made.
struct List<'a, T, U>(&'a [T], fn(&'a T) -> U);

impl<T, U: Serialize> Serialize for List<'_, T, U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

impl<T, U> List<'_, T, U> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Serialize)]
struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> From<&'a KeyValue> for Pair<'a> {
    fn from(pair: &'a KeyValue) -> Self {
        Self {
            key: &pair.key,
            value: &pair.value,
        }
    }
}

type Pairs<'a> = List<'a, KeyValue, Pair<'a>>;

fn pairs(pairs: &[KeyValue]) -> Pairs<'_> {
    List(pairs, Pair::from)
}

#[derive(Serialize)]
struct Info<'a> {
    run_id: &'a str,
    run_uuid: &'a str,
    run_name: &'a str,
    experiment_id: String,
    user_id: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: &'a str,
    lifecycle_stage: &'a str,
}

/// A run without its data.
pub(crate) fn info(info: &RunInfo) -> impl Serialize + '_ {
    Info {
        run_id: &info.run_id,
        run_uuid: &info.run_id,
        run_name: &info.name,
        experiment_id: info.experiment_id.to_string(),
        user_id: &info.user_id,
        status: info.status.as_str(),
        start_time: info.start_time,
        end_time: info.end_time,
        artifact_uri: &info.artifact_uri,
        lifecycle_stage: lifecycle(info.lifecycle),
    }
}

#[derive(Serialize)]
struct Metric<'a> {
    key: &'a str,
    value: Number,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_digest: Option<&'a str>,
}

impl<'a> From<&'a MetricPoint> for Metric<'a> {
    fn from(point: &'a MetricPoint) -> Self {
        Self {
            key: &point.key,
            value: Number(point.value),
            timestamp: point.timestamp,
            step: point.step,
            model_id: point.model_id.as_deref(),
            dataset_name: point.dataset_name.as_deref(),
            dataset_digest: point.dataset_digest.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    metrics: List<'a, MetricPoint, Metric<'a>>,
    #[serde(skip_serializing_if = "List::is_empty")]
    params: Pairs<'a>,
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: Pairs<'a>,
}

#[derive(Serialize)]
struct Set<'a> {
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
}

impl<'a> From<&'a Dataset> for Set<'a> {
    fn from(set: &'a Dataset) -> Self {
        Self {
            name: &set.name,
            digest: &set.digest,
            source_type: &set.source_type,
            source: &set.source,
            schema: set.schema.as_deref(),
            profile: set.profile.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct SetInput<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: Pairs<'a>,
    dataset: Set<'a>,
}

impl<'a> From<&'a DatasetInput> for SetInput<'a> {
    fn from(input: &'a DatasetInput) -> Self {
        Self {
            tags: pairs(&input.tags),
            dataset: Set::from(&input.dataset),
        }
    }
}

#[derive(Serialize)]
struct ModelInput<'a> {
    model_id: &'a str,
}

impl<'a> From<&'a String> for ModelInput<'a> {
    fn from(model_id: &'a String) -> Self {
        Self { model_id }
    }
}

#[derive(Serialize)]
struct Output<'a> {
    model_id: &'a str,
    step: i64,
}

impl<'a> From<&'a ModelOutput> for Output<'a> {
    fn from(output: &'a ModelOutput) -> Self {
        Self {
            model_id: &output.model_id,
            step: output.step,
        }
    }
}

#[derive(Serialize)]
struct Inputs<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    dataset_inputs: List<'a, DatasetInput, SetInput<'a>>,
    #[serde(skip_serializing_if = "List::is_empty")]
    model_inputs: List<'a, String, ModelInput<'a>>,
}

#[derive(Serialize)]
struct Outputs<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    model_outputs: List<'a, ModelOutput, Output<'a>>,
}

#[derive(Serialize)]
struct Whole<'a, I> {
    info: I,
    data: Data<'a>,
    inputs: Inputs<'a>,
    outputs: Outputs<'a>,
}

fn whole(run: &Run) -> impl Serialize + '_ {
    Whole {
        info: info(&run.info),
        data: Data {
            metrics: List(&run.metrics, Metric::from),
            params: pairs(&run.params),
            tags: pairs(&run.tags),
        },
        inputs: Inputs {
            dataset_inputs: List(&run.datasets, SetInput::from),
            model_inputs: List(&run.model_inputs, ModelInput::from),
        },
        outputs: Outputs {
            model_outputs: List(&run.model_outputs, Output::from),
        },
    }
}

#[derive(Serialize)]
struct OneRun<R> {
    run: R,
}

/// The answer that is one run.
pub(crate) fn run(run: &Run) -> impl Serialize + '_ {
    OneRun { run: whole(run) }
}

#[derive(Serialize)]
struct OneInfo<I> {
    run_info: I,
}

/// The answer that is one run without its data.
pub(crate) fn run_info(of: &RunInfo) -> impl Serialize + '_ {
    OneInfo { run_info: info(of) }
}

/// Writes a page of runs one by one.
pub(crate) struct Runs {
    out: Vec<u8>,
    empty: bool,
}

impl Runs {
    pub(crate) fn new() -> Self {
        Self {
            out: b"{".to_vec(),
            empty: true,
        }
    }

    pub(crate) fn run(&mut self, run: &Run) -> serde_json::Result<()> {
        let start: &[u8] = if self.empty { b"\"runs\":[" } else { b"," };
        self.empty = false;
        self.out.extend_from_slice(start);
        serde_json::to_writer(&mut self.out, &whole(run))
    }

    /// The answer, with the token of the next page when there is one.
    pub(crate) fn end(mut self, next: Option<&str>) -> serde_json::Result<Vec<u8>> {
        close_page(&mut self.out, self.empty, next)?;
        Ok(self.out)
    }
}

/// Ends an answer that is one list and the token of the next page.
fn close_page(out: &mut Vec<u8>, empty: bool, next: Option<&str>) -> serde_json::Result<()> {
    if !empty {
        out.push(b']');
    }
    if let Some(token) = next {
        if !empty {
            out.push(b',');
        }
        out.extend_from_slice(b"\"next_page_token\":");
        serde_json::to_writer(&mut *out, token)?;
    }
    out.push(b'}');
    Ok(())
}

/// Writes a history point by point.
pub(crate) struct History {
    out: Vec<u8>,
    /// `{"key":"loss","value":`
    before: Vec<u8>,
    empty: bool,
}

impl History {
    pub(crate) fn new(key: &str) -> serde_json::Result<Self> {
        let mut before = b"{\"key\":".to_vec();
        serde_json::to_writer(&mut before, key)?;
        before.extend_from_slice(b",\"value\":");
        Ok(Self {
            out: b"{".to_vec(),
            before,
            empty: true,
        })
    }

    /// Adds points; of a run when it is named.
    pub(crate) fn points(
        &mut self,
        samples: &[Sample],
        run: Option<&str>,
    ) -> serde_json::Result<()> {
        let mut after = Vec::new();
        if let Some(run) = run {
            after.extend_from_slice(b",\"run_id\":");
            serde_json::to_writer(&mut after, run)?;
        }
        after.push(b'}');
        for sample in samples {
            let start: &[u8] = if self.empty { b"\"metrics\":[" } else { b"," };
            self.empty = false;
            self.out.extend_from_slice(start);
            self.out.extend_from_slice(&self.before);
            serde_json::to_writer(&mut self.out, &Number(sample.value))?;
            self.out.extend_from_slice(b",\"timestamp\":");
            serde_json::to_writer(&mut self.out, &sample.timestamp)?;
            self.out.extend_from_slice(b",\"step\":");
            serde_json::to_writer(&mut self.out, &sample.step)?;
            self.out.extend_from_slice(&after);
        }
        Ok(())
    }

    /// What has been written since the last call.
    pub(crate) fn part(&mut self) -> Vec<u8> {
        let next = Vec::with_capacity(self.out.len());
        std::mem::replace(&mut self.out, next)
    }

    /// Whether there are no points yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.empty
    }

    /// The rest of the answer, with where the next page begins.
    pub(crate) fn end(mut self, next: Option<usize>) -> serde_json::Result<Vec<u8>> {
        close_page(&mut self.out, self.empty, next.map(page_token).as_deref())?;
        Ok(self.out)
    }
}
