//! Logging and reading metrics. What comes a thousand times a second is read from
//! the body straight into the store's types.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde_json::{Value, json};
use skerry_domain::KeyValue;
use skerry_domain::tracking::MetricPoint;
use skerry_store::{Batch, HistoryPage, Reader, Sample, Store, StoreError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::args::{self, Args, HINT, JsonBody};
use crate::fault::{Answer, Fault};
use crate::written::History;
use crate::{MlflowState, Paths, json};

/// Points of a history in one page, and in one answer for several runs.
const HISTORY: usize = 25_000;
const BULK_RUNS: usize = 100;
/// Points of one run in a chart.
const INTERVAL: usize = 2_500;
/// Of so many points a chart has the very ones that MLflow picks. Of more it has
/// those that keep the extremes, which are found without reading all of them.
const PICKED: usize = 4_096;

pub(crate) fn routes(paths: Paths) -> Paths {
    paths
        .at("2.0/mlflow/runs/log-metric", post(log_metric))
        .at("2.0/mlflow/runs/log-batch", post(log_batch))
        .at("2.0/mlflow/metrics/get-history", get(history))
        .at("2.0/mlflow/metrics/get-history-bulk", get(bulk))
        .at(
            "2.0/mlflow/metrics/get-history-bulk-interval",
            get(interval),
        )
}

/// A whole number, also in a string.
#[derive(Debug, Clone, Copy)]
struct Int(i64);

/// A number, also in a string: `"NaN"`.
#[derive(Debug, Clone, Copy)]
struct Float(f64);

struct AnyNumber;

enum Number {
    Int(i64),
    Float(f64),
    /// One in a string that is no whole number.
    Word(f64),
    /// Python's `True` and `False`, which are 1 and 0.
    Bool(bool),
}

impl Visitor<'_> for AnyNumber {
    type Value = Number;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond i64 it is a value, not a step"
        )]
        Ok(i64::try_from(value).map_or(Number::Float(value as f64), Number::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number::Float(value))
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Number, E> {
        Ok(Number::Bool(yes))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        let text = text.trim();
        if let Ok(int) = text.parse() {
            return Ok(Number::Int(int));
        }
        text.parse()
            .map(Number::Word)
            .map_err(|_| E::custom("not a number"))
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(AnyNumber)? {
            Number::Int(value) => Ok(Self(value)),
            Number::Float(value) => args::whole(value)
                .map(Self)
                .ok_or_else(|| de::Error::custom("not a whole number")),
            Number::Word(_) | Number::Bool(_) => Err(de::Error::custom("not a whole number")),
        }
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(AnyNumber)? {
            #[expect(clippy::cast_precision_loss, reason = "as JSON numbers are")]
            Number::Int(value) => value as f64,
            Number::Float(value) | Number::Word(value) => value,
            Number::Bool(yes) => f64::from(u8::from(yes)),
        }))
    }
}

#[derive(serde::Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    run_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    run_uuid: Option<Cow<'a, str>>,
    key: String,
    value: Float,
    timestamp: Int,
    step: Option<Int>,
    model_id: Option<String>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

impl Point<'_> {
    fn into_point(self) -> MetricPoint {
        let named = |text: Option<String>| text.filter(|text| !text.is_empty());
        MetricPoint {
            key: self.key,
            value: self.value.0,
            timestamp: self.timestamp.0,
            step: self.step.map_or(0, |step| step.0),
            model_id: named(self.model_id),
            dataset_name: named(self.dataset_name),
            dataset_digest: named(self.dataset_digest),
        }
    }
}

#[derive(serde::Deserialize)]
struct Pair {
    key: String,
    value: Option<String>,
}

#[derive(serde::Deserialize)]
struct Logged<'a> {
    run_id: String,
    #[serde(borrow, default)]
    metrics: Vec<Point<'a>>,
    #[serde(default)]
    params: Vec<Pair>,
    #[serde(default)]
    tags: Vec<Pair>,
}

impl Logged<'_> {
    fn is_named(&self) -> bool {
        let named = |pairs: &[Pair]| pairs.iter().all(|pair| !pair.key.is_empty());
        !self.run_id.is_empty()
            && self.metrics.iter().all(|point| !point.key.is_empty())
            && named(&self.params)
            && named(&self.tags)
    }
}

fn pairs(pairs: Vec<Pair>) -> Vec<KeyValue> {
    pairs
        .into_iter()
        .map(|pair| KeyValue {
            key: pair.key,
            value: pair.value.unwrap_or_default(),
        })
        .collect()
}

async fn log_metric(State(state): State<MlflowState>, JsonBody(body): JsonBody) -> Answer {
    let (run_id, point) = match serde_json::from_slice::<Point<'_>>(&body) {
        Ok(point) if !point.key.is_empty() => {
            let id = [&point.run_id, &point.run_uuid]
                .into_iter()
                .flatten()
                .find(|id| !id.is_empty())
                .map(|id| id.clone().into_owned())
                .ok_or_else(|| args::required("run_id"))?;
            (id, point.into_point())
        }
        // Read again, slowly, to say what is wrong.
        _ => {
            let args = Args::from_body(&body)?;
            let run_id = args.run_id()?;
            let named = |text: Option<String>| text.filter(|text| !text.is_empty());
            let point = MetricPoint {
                key: args.need("key")?,
                value: args.float("value")?,
                timestamp: args
                    .int("timestamp")?
                    .ok_or_else(|| args::required("timestamp"))?,
                step: args.int("step")?.unwrap_or(0),
                model_id: named(args.text("model_id")?),
                dataset_name: named(args.text("dataset_name")?),
                dataset_digest: named(args.text("dataset_digest")?),
            };
            (run_id, point)
        }
    };
    if point.model_id.is_none() {
        state.append(run_id, vec![point], false).await?;
    } else {
        state
            .write_run(run_id, move |tx, id| tx.log_metric(id, point))
            .await?;
    }
    Ok(Json(json!({})))
}

async fn log_batch(State(state): State<MlflowState>, JsonBody(body): JsonBody) -> Answer {
    let (run_id, batch) = match serde_json::from_slice::<Logged<'_>>(&body) {
        Ok(logged) if logged.is_named() => (
            logged.run_id,
            Batch {
                metrics: logged.metrics.into_iter().map(Point::into_point).collect(),
                params: pairs(logged.params),
                tags: pairs(logged.tags),
            },
        ),
        _ => {
            let args = Args::from_body(&body)?;
            let run_id = args.need("run_id")?;
            let batch = Batch {
                metrics: args
                    .list("metrics")?
                    .iter()
                    .enumerate()
                    .map(|(n, value)| point(value, &format!("metrics[{n}]")))
                    .collect::<Result<_, _>>()?,
                params: args.named_pairs("params")?,
                tags: args.named_pairs("tags")?,
            };
            (run_id, batch)
        }
    };
    let only_metrics = batch.params.is_empty() && batch.tags.is_empty();
    if only_metrics && batch.metrics.iter().all(|point| point.model_id.is_none()) {
        state.append(run_id, batch.metrics, true).await?;
        return Ok(Json(json!({})));
    }
    state
        .write_run(run_id, move |tx, id| tx.log_batch(id, batch))
        .await?;
    Ok(Json(json!({})))
}

fn point(value: &Value, path: &str) -> Result<MetricPoint, Fault> {
    let field = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Err(args::required(&format!("{path}.{name}"))),
        Some(Value::String(text)) if text.is_empty() => {
            Err(args::required(&format!("{path}.{name}")))
        }
        Some(value) => Ok(value),
    };
    let wrong = |name: &str, value: &Value| args::wrong_type(&format!("{path}.{name}"), value);
    let text = |name: &str| match value.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let key = field("key")?;
    let number = field("value")?;
    let timestamp = field("timestamp")?;
    Ok(MetricPoint {
        key: key
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| wrong("key", key))?,
        value: args::float(number).ok_or_else(|| wrong("value", number))?,
        timestamp: args::int(timestamp).ok_or_else(|| wrong("timestamp", timestamp))?,
        step: match value.get("step") {
            None | Some(Value::Null) => 0,
            Some(step) => args::int(step).ok_or_else(|| wrong("step", step))?,
        },
        model_id: text("model_id"),
        dataset_name: text("dataset_name"),
        dataset_digest: text("dataset_digest"),
    })
}

/// Points of a metric; of a run that is not there MLflow has none, and no error.
fn points(
    reader: &Reader<'_>,
    run_id: &str,
    key: &str,
    offset: usize,
    limit: Option<usize>,
) -> skerry_store::Result<HistoryPage> {
    match reader.metric_history(run_id, key, offset, limit) {
        Err(StoreError::NotFound(_)) => Ok(HistoryPage::default()),
        found => found,
    }
}

async fn history(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let run_id = args.run_id()?;
    let key = args.need("metric_key")?;
    let offset = args.offset()?;
    let limit = match args.int("max_results")? {
        None => None,
        Some(max) => Some(usize::try_from(max).ok().filter(|max| *max > 0).ok_or_else(|| {
            Fault::invalid(format!(
                "Invalid value {max} for parameter 'max_results' supplied. It must be a positive integer."
            ))
        })?),
    };
    let (sender, mut receiver) = mpsc::channel(PARTS);
    let store = state.store().clone();
    tokio::task::spawn_blocking(move || {
        let written = write_history(&store, &run_id, &key, offset, limit, &sender);
        let last = written.map_or_else(|fault| Part::Fault(Box::new(fault)), Part::Last);
        send(&sender, last);
    });
    match receiver.recv().await {
        Some(Part::Last(body)) => Ok(json::written(body)),
        Some(Part::Fault(fault)) => Err(*fault),
        Some(Part::More(first)) => {
            let first = stream::once(async { Ok(Bytes::from(first)) });
            let rest = stream::unfold(receiver, async |mut receiver| {
                let part = match receiver.recv().await? {
                    Part::More(part) | Part::Last(part) => Ok(Bytes::from(part)),
                    // The answer has begun: only breaking off tells that it is not whole.
                    Part::Fault(_) => Err(std::io::Error::other("the history cannot be read")),
                };
                Some((part, receiver))
            });
            let kind = [(header::CONTENT_TYPE, "application/json")];
            Ok((kind, Body::from_stream(first.chain(rest))).into_response())
        }
        None => Err(Fault::internal("The history cannot be read.")),
    }
}

/// So many parts of an answer wait for the client, who has so long to take one.
const PARTS: usize = 2;
const SLOW: Duration = Duration::from_secs(60);

/// A part of an answer.
enum Part {
    More(Vec<u8>),
    Last(Vec<u8>),
    Fault(Box<Fault>),
}

/// False when the client is gone, or does not take anything.
fn send(sender: &mpsc::Sender<Part>, part: Part) -> bool {
    Handle::current()
        .block_on(sender.send_timeout(part, SLOW))
        .is_ok()
}

/// Writes all but the last part of a history's answer to the client; answers that one.
fn write_history(
    store: &Store,
    run_id: &str,
    key: &str,
    offset: usize,
    limit: Option<usize>,
    sender: &mpsc::Sender<Part>,
) -> Result<Vec<u8>, Fault> {
    let unwritten = |error: serde_json::Error| {
        Fault::internal(format!("The history cannot be written: {error}"))
    };
    let mut history = History::new(key).map_err(unwritten)?;
    let mut waiting: Option<Vec<u8>> = None;
    let mut failed = None;
    let next = store.read(|reader| {
        reader.each_of_history(run_id, key, offset, limit, &mut |samples| {
            // What fits into one part is sent whole, with its length.
            if let Some(part) = waiting.take()
                && !send(sender, Part::More(part))
            {
                return ControlFlow::Break(());
            }
            if let Err(error) = history.points(samples, None) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            waiting = Some(history.part());
            ControlFlow::Continue(())
        })
    });
    let next = match next {
        Err(StoreError::NotFound(_)) => None,
        found => found?,
    };
    if let Some(error) = failed {
        return Err(unwritten(error));
    }
    let mut last = waiting.unwrap_or_default();
    last.extend(history.end(next).map_err(unwritten)?);
    Ok(last)
}

async fn bulk(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let mut runs = args.texts("run_id")?;
    if runs.is_empty() {
        return Err(Fault::invalid(
            "GetMetricHistoryBulk request must specify at least one run_id.",
        ));
    }
    if runs.len() > BULK_RUNS {
        return Err(Fault::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {BULK_RUNS} run_ids. Received {} run_ids.",
            runs.len()
        )));
    }
    let Some(key) = args.text("metric_key")? else {
        return Err(Fault::invalid(
            "GetMetricHistoryBulk request must specify a metric_key.",
        ));
    };
    let max = args
        .int("max_results")?
        .and_then(|max| usize::try_from(max).ok())
        .unwrap_or(HISTORY)
        .min(HISTORY);
    runs.sort();
    let body = state
        .read(move |reader| {
            let mut history = History::new(&key)?;
            let mut left = max;
            for run in runs {
                if left == 0 {
                    break;
                }
                let page = points(reader, &run, &key, 0, Some(left))?;
                left -= page.samples.len();
                history.points(&page.samples, Some(&run))?;
            }
            // Here MLflow has the list also when it is empty.
            if history.is_empty() {
                return Ok(br#"{"metrics":[]}"#.to_vec());
            }
            Ok(history.end(None)?)
        })
        .await?;
    Ok(json::written(body))
}

/// At most `max` points, by step: the first of each of as many parts of equal size,
/// and the last of all.
fn picked(mut samples: Vec<Sample>, max: usize, steps: Option<(i64, i64)>) -> Vec<Sample> {
    if let Some((from, to)) = steps {
        samples.retain(|sample| (from..=to).contains(&sample.step));
    }
    samples.sort_by(|a, b| {
        (a.step, a.timestamp)
            .cmp(&(b.step, b.timestamp))
            .then(a.value.total_cmp(&b.value))
    });
    let Some(last) = samples.last().copied() else {
        return samples;
    };
    if samples.len() <= max {
        return samples;
    }
    let (size, bigger) = (samples.len() / max, samples.len() % max);
    let mut first = 0;
    let mut kept = Vec::with_capacity(max);
    for part in 0..max {
        kept.extend(samples.get(first).copied());
        first += size + usize::from(part < bigger);
    }
    if let Some(end) = kept.last_mut() {
        *end = last;
    }
    kept
}

async fn interval(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let runs = args.texts("run_ids")?;
    if runs.is_empty() {
        return Err(args::required("run_ids"));
    }
    if runs.len() > BULK_RUNS {
        return Err(Fault::invalid(format!(
            "GetMetricHistoryBulkInterval request must specify at most {BULK_RUNS} run_ids. Received {} run_ids. {HINT}",
            runs.len()
        )));
    }
    let key = args.need("metric_key")?;
    let max = match args.int("max_results")? {
        None => INTERVAL,
        Some(max) => usize::try_from(max)
            .ok()
            .filter(|max| (1..=INTERVAL).contains(max))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "max_results must be between 1 and {INTERVAL}. {HINT}"
                ))
            })?,
    };
    let steps = match (args.int("start_step")?, args.int("end_step")?) {
        (None, None) => None,
        (Some(from), Some(to)) if from <= to => Some((from, to)),
        (Some(from), Some(to)) => {
            return Err(Fault::invalid(format!(
                "end_step must be greater than start_step. Found start_step={from} and end_step={to}."
            )));
        }
        _ => {
            return Err(Fault::invalid(
                "If either start step or end step are specified, both must be specified.",
            ));
        }
    };
    let body = state
        .read(move |reader| {
            let mut history = History::new(&key)?;
            for run in runs {
                let page = points(reader, &run, &key, 0, Some(PICKED))?;
                let samples = match page.next {
                    None => picked(page.samples, max, steps),
                    Some(_) => reader.chart(&run, &key, max, steps)?.samples,
                };
                history.points(&samples, Some(&run))?;
            }
            Ok(history.end(None)?)
        })
        .await?;
    Ok(json::written(body))
}
