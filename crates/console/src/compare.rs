//! Several runs beside one another: what differs between them.

use std::collections::BTreeMap;

use skerry_domain::ErrorBody;
use skerry_domain::tracking::number;
use skerry_store::{MetricSummary, StoreError};

use crate::Console;
use crate::api::*;
use crate::runs::{Seen, check_id, environment, inputs, is_system, metric_value};

/// So many runs are compared at once.
const COMPARED: usize = 200;
/// So many facts of one group are compared; what differs comes first.
const FACTS: usize = 2_000;

impl Console {
    /// What runs have in common and where they differ.
    pub async fn runs_compare(&self, args: RunIds) -> Result<Comparison, ErrorBody> {
        let ids = compared(args.run_ids)?;
        let (seen, names) = self
            .db(move |store| {
                let names = store.machine_names()?;
                let seen = store.read(|reader| {
                    ids.iter()
                        .map(|id| Seen::load(reader, reader.run(id)?))
                        .collect::<Result<Vec<_>, _>>()
                })?;
                Ok((seen, names))
            })
            .await?;
        let mut table = Table::new(seen.len());
        for (at, seen) in seen.iter().enumerate() {
            table.add(at, seen);
        }
        let mut metrics: BTreeMap<&str, Vec<Option<MetricValue>>> = BTreeMap::new();
        for (at, seen) in seen.iter().enumerate() {
            for point in &seen.run.metrics {
                let row = metrics
                    .entry(&point.key)
                    .or_insert_with(|| vec![None; table.runs]);
                if let Some(cell) = row.get_mut(at) {
                    *cell = Some(metric_value(point));
                }
            }
        }
        let more_metrics = metrics.len() > FACTS;
        let (facts, more_facts) = table.facts();
        Ok(Comparison {
            metrics: metrics
                .into_iter()
                .take(FACTS)
                .map(|(key, values)| ComparedMetric {
                    key: key.to_owned(),
                    values,
                })
                .collect(),
            facts,
            more: more_facts || more_metrics,
            // Their params, tags and metrics are in the table.
            runs: seen
                .iter()
                .map(|seen| self.run_row(seen, &names, 0))
                .collect(),
        })
    }

    /// Least or greatest values of metrics. Runs that are not there have none.
    pub async fn runs_best(&self, args: RunsBest) -> Result<Vec<RunBest>, ErrorBody> {
        let ids = compared(args.run_ids)?;
        self.db(move |store| {
            store.read(|reader| {
                let mut all = Vec::with_capacity(ids.len());
                for run_id in ids {
                    let summaries = match reader.metric_summaries(&run_id) {
                        Ok(summaries) => summaries,
                        Err(StoreError::NotFound(_)) => continue,
                        Err(error) => return Err(error),
                    };
                    let best = |summary: MetricSummary| {
                        let value = match args.best {
                            Best::Min => summary.min,
                            Best::Max => summary.max,
                        }?;
                        Some(BestValue {
                            key: summary.key,
                            value: value.is_finite().then_some(value),
                            special: number::word(value).map(str::to_owned),
                        })
                    };
                    let metrics = summaries.into_iter().filter_map(best).collect();
                    all.push(RunBest { run_id, metrics });
                }
                Ok(all)
            })
        })
        .await
    }
}

/// The ids, each once, in their order.
pub(crate) fn compared(ids: Vec<String>) -> Result<Vec<String>, ErrorBody> {
    let mut once: Vec<String> = Vec::with_capacity(ids.len());
    for id in ids {
        check_id("run_ids", &id)?;
        if !once.contains(&id) {
            once.push(id);
        }
    }
    if !(1..=COMPARED).contains(&once.len()) {
        return Err(ErrorBody::invalid(
            "run_ids",
            format!("Choose 1 to {COMPARED} runs."),
        ));
    }
    Ok(once)
}

/// Facts by group and key, a cell for each run.
struct Table {
    runs: usize,
    rows: BTreeMap<(FactGroup, String), Vec<Option<String>>>,
}

impl Table {
    fn new(runs: usize) -> Self {
        Self {
            runs,
            rows: BTreeMap::new(),
        }
    }

    fn put(&mut self, at: usize, group: FactGroup, key: &str, value: impl Into<String>) {
        let row = self
            .rows
            .entry((group, key.to_owned()))
            .or_insert_with(|| vec![None; self.runs]);
        if let Some(cell) = row.get_mut(at) {
            *cell = Some(value.into());
        }
    }

    fn add(&mut self, at: usize, seen: &Seen) {
        for param in &seen.run.params {
            self.put(at, FactGroup::Param, &param.key, &param.value);
        }
        for tag in seen.run.tags.iter().filter(|tag| !is_system(&tag.key)) {
            self.put(at, FactGroup::Tag, &tag.key, &tag.value);
        }
        for tag in &seen.run.tags {
            // What MLflow's client says of code that came without Skerry.
            if let "mlflow.source.name" | "mlflow.source.git.commit" = tag.key.as_str() {
                self.put(at, FactGroup::Code, &tag.key, &tag.value);
            }
        }
        for input in inputs(seen) {
            self.put(at, FactGroup::Data, &input.name, input.digest);
        }
        let Some(state) = &seen.workload else { return };
        let environment = environment(state);
        self.put(
            at,
            FactGroup::Code,
            "command",
            environment.command.join(" "),
        );
        if let Some(hash) = environment.project_hash {
            self.put(at, FactGroup::Code, "project", hash);
        }
        if let Some(image) = environment.image {
            self.put(at, FactGroup::Environment, "image", image);
        }
        if let Some(digest) = environment.image_digest {
            self.put(at, FactGroup::Environment, "image_digest", digest);
        }
        let network = if environment.network_open {
            "open"
        } else {
            "closed"
        };
        self.put(at, FactGroup::Environment, "network", network);
        for variable in environment.env {
            let key = format!("${}", variable.key);
            self.put(at, FactGroup::Environment, &key, variable.value);
        }
        for mount in environment.data {
            self.put(at, FactGroup::Environment, &mount.target, mount.source);
        }
    }

    /// The rows, within each group those first that differ; and whether some were left out.
    fn facts(self) -> (Vec<ComparedFact>, bool) {
        let mut facts: Vec<ComparedFact> = self
            .rows
            .into_iter()
            .map(|((group, key), values)| ComparedFact {
                group,
                key,
                differs: values.windows(2).any(|pair| match pair {
                    [one, other] => one != other,
                    _ => false,
                }),
                values,
            })
            .collect();
        facts.sort_by_key(|fact| (fact.group, !fact.differs));
        let mut counts: BTreeMap<FactGroup, usize> = BTreeMap::new();
        let before = facts.len();
        facts.retain(|fact| {
            let count = counts.entry(fact.group).or_default();
            *count += 1;
            *count <= FACTS
        });
        let more = facts.len() < before;
        (facts, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_comes_first_and_a_missing_value_is_a_difference() {
        let mut table = Table::new(2);
        table.put(0, FactGroup::Param, "a", "1");
        table.put(1, FactGroup::Param, "a", "1");
        table.put(0, FactGroup::Param, "b", "1");
        table.put(1, FactGroup::Param, "c", "2");
        table.put(0, FactGroup::Data, "d", "x");
        table.put(1, FactGroup::Data, "d", "y");
        let (facts, more) = table.facts();
        let shown: Vec<(&str, bool)> = facts
            .iter()
            .map(|fact| (fact.key.as_str(), fact.differs))
            .collect();
        assert_eq!(shown, [("b", true), ("c", true), ("a", false), ("d", true)]);
        assert_eq!(facts[0].values, [Some("1".to_owned()), None]);
        assert!(!more);
    }

    #[test]
    fn ids_are_checked_and_counted_once() {
        let id = "0".repeat(32);
        assert_eq!(compared(vec![id.clone(), id.clone()]).unwrap(), [id]);
        assert!(compared(Vec::new()).is_err());
        assert!(compared(vec!["../x".to_owned()]).is_err());
        let many = (0..201).map(|n| format!("{n:032x}")).collect();
        assert!(compared(many).is_err());
    }
}
