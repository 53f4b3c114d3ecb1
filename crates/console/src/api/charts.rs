use serde::{Deserialize, Serialize};
use skerry_domain::{Millis, Smoothing};
use ts_rs::TS;

/// Asks for charts.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChartQuery {
    /// Run.
    pub run_id: String,
    /// Metric keys; empty asks for all (at most 100).
    pub keys: Vec<String>,
    /// At most so many points per series (10 to 5000); extremes are kept.
    pub max_points: u32,
    /// Only from this step.
    pub from_step: Option<i64>,
    /// Only to this step.
    pub to_step: Option<i64>,
    /// Another metric to draw them over instead of steps or time.
    #[serde(default)]
    pub over: Option<ChartAxis>,
    /// A smooth line beside the values.
    #[serde(default)]
    pub smoothed: Option<SmoothedLines>,
}

/// A metric as the horizontal axis of others: values at the same step belong together, of
/// each step the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChartAxis {
    /// Its key.
    pub key: String,
    /// Only from this value of it, and the point before.
    pub from: Option<f64>,
    /// Only to this value of it, and the point behind.
    pub to: Option<f64>,
}

/// One metric of one run, thinned so that minimum and maximum of each stretch stay.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChartSeries {
    /// Metric key.
    pub key: String,
    /// Steps.
    pub steps: Vec<i64>,
    /// Times.
    pub times: Vec<Millis>,
    /// Values; `null` for NaN (a gap) and the infinities.
    pub values: Vec<Option<f64>>,
    /// Where the smooth line is at each point, from all points that there are, when that was
    /// asked for; `null` where the value is.
    pub smoothed: Option<Vec<Option<f64>>>,
    /// Points that are infinite: index into the arrays and sign.
    pub infinities: Vec<Infinity>,
    /// How many points there are in the store.
    pub total: u64,
    /// Whether points were left out.
    pub thinned: bool,
    /// Where the points lie on another metric, when that was asked for.
    pub over: Option<OverAxis>,
}

/// Where points lie on a metric that is the axis. They are along it, not by step.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OverAxis {
    /// The axis's values, ascending.
    pub xs: Vec<f64>,
    /// Steps at which both metrics have a value.
    pub pairs: u64,
    /// Pairs among these whose value on the axis is NaN or infinite: they are left out.
    pub unplaced: u64,
    /// The axis only rises or only falls from step to step: points may be joined by a line.
    pub steady: bool,
}

/// An infinite point.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
pub struct Infinity {
    /// Index into the series.
    pub index: u32,
    /// Above or below.
    pub positive: bool,
}

/// Asks for one metric of several runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsChartQuery {
    /// Run ids (1 to 200).
    pub run_ids: Vec<String>,
    /// Metric key.
    pub key: String,
    /// At most so many points per run (10 to 2000); extremes are kept.
    pub max_points: u32,
    /// Only from this step.
    pub from_step: Option<i64>,
    /// Only to this step.
    pub to_step: Option<i64>,
    /// Another metric to draw it over instead of steps or time, each run's own.
    #[serde(default)]
    pub over: Option<ChartAxis>,
    /// A smooth line beside the values.
    #[serde(default)]
    pub smoothed: Option<SmoothedLines>,
}

/// Asks for smooth lines: along another metric where they are drawn over one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct SmoothedLines {
    /// How.
    pub smoothing: Smoothing,
    /// Along time, not steps.
    pub by_time: bool,
}

/// A metric of one of several runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunSeries {
    /// Run id.
    pub run_id: String,
    /// Its points.
    pub series: ChartSeries,
}
