//! Values that stand for a metric, runs in their order, and one metric over another.

use skerry_domain::tracking::MetricPoint;
use skerry_store::{PairedChart, Pick, RunQuery, Store};

use crate::common::{self, made, new_run};

/// Logs points at these steps, one a millisecond.
fn log(store: &Store, run: &str, key: &str, points: impl IntoIterator<Item = (i64, f64)>) {
    let points = (0..).zip(points);
    let metrics = points.map(|(at, (step, value))| MetricPoint::new(key, value, at, step));
    common::log(store, run, metrics.collect());
}

fn picked(store: &Store, run: &str, pick: Pick) -> Option<(f64, Option<i64>)> {
    let found = store.read(|reader| reader.pick(run, "m", pick)).unwrap();
    found.map(|picked| (picked.value, picked.step))
}

#[test]
fn the_value_at_a_step_is_found_among_many_points_and_few() {
    let made = made();
    let store = &made.store;
    let run = new_run(store);
    assert_eq!(picked(store, &run, Pick::At(5)), None);
    // Every third step, in full chunks and loose appends behind them.
    log(
        store,
        &run,
        "m",
        (0..50_000).map(|n| (n * 3, if n % 7 == 0 { f64::NAN } else { n as f64 })),
    );
    for (step, wanted) in [
        (0, 0),
        (1, 0),
        (3, 3),
        (5, 3),
        (4_096 * 3 - 1, 4_095 * 3),
        (4_096 * 3, 4_096 * 3),
        (100_001, 99_999),
        (149_997, 149_997),
        (i64::MAX, 149_997),
    ] {
        let (value, at) = picked(store, &run, Pick::At(step)).unwrap();
        assert_eq!(at, Some(wanted), "at {step}");
        let n = wanted / 3;
        assert!(
            if n % 7 == 0 {
                value.is_nan()
            } else {
                value == n as f64
            },
            "{value} at {step}"
        );
    }
    assert_eq!(picked(store, &run, Pick::At(-1)), None);
    assert_eq!(picked(store, &run, Pick::Least), Some((1.0, Some(3))));
    let greatest = Some((49_999.0, Some(149_997)));
    assert_eq!(picked(store, &run, Pick::Greatest), greatest);
    assert_eq!(picked(store, &run, Pick::Last).unwrap().1, Some(149_997));
}

#[test]
fn the_value_at_a_step_is_the_last_of_points_that_came_late_or_twice() {
    let made = made();
    let store = &made.store;
    let run = new_run(store);
    log(
        store,
        &run,
        "m",
        [(10, 1.0), (20, 2.0), (20, 3.0), (5, 9.0)],
    );
    assert_eq!(picked(store, &run, Pick::At(4)), None);
    assert_eq!(picked(store, &run, Pick::At(9)), Some((9.0, Some(5))));
    assert_eq!(picked(store, &run, Pick::At(19)), Some((1.0, Some(10))));
    assert_eq!(picked(store, &run, Pick::At(20)), Some((3.0, Some(20))));
    // Of several points that are the best, and as late as it came, the first step.
    assert_eq!(picked(store, &run, Pick::Least), Some((1.0, Some(10))));
    assert_eq!(picked(store, &run, Pick::Greatest), Some((9.0, Some(5))));
    log(store, &run, "m", [(30, 9.0), (3, 9.0), (40, 1.0)]);
    assert_eq!(picked(store, &run, Pick::Least), Some((1.0, Some(10))));
    assert_eq!(picked(store, &run, Pick::Greatest), Some((9.0, Some(3))));
    let nan = new_run(store);
    log(store, &nan, "m", [(0, f64::NAN)]);
    assert_eq!(picked(store, &nan, Pick::Least), None);
    assert!(picked(store, &nan, Pick::Last).unwrap().0.is_nan());
}

#[test]
fn runs_stand_in_the_order_of_their_best_values_as_these_change() {
    let made = made();
    let store = &made.store;
    let runs: Vec<String> = (0..5).map(|_| new_run(store)).collect();
    log(store, &runs[0], "m", [(0, 5.0), (1, 2.0)]);
    log(store, &runs[1], "m", [(0, 1.0), (1, 9.0), (2, 3.0)]);
    log(store, &runs[2], "m", [(0, f64::NAN)]);
    log(store, &runs[3], "m", [(0, 4.0)]);
    let order = |by: &str| -> Vec<usize> {
        let query = RunQuery {
            all_experiments: true,
            order_by: vec![by.to_owned()],
            ..RunQuery::default()
        };
        let found = store.read(|reader| reader.runs(&query)).unwrap().items;
        let place = |id: &String| runs.iter().position(|run| run == id).unwrap();
        found.iter().map(|run| place(&run.info.run_id)).collect()
    };
    // NaN comes after numbers, and a run without the metric last.
    assert_eq!(order("metrics_min.m ASC"), [1, 0, 3, 2, 4]);
    assert_eq!(order("metrics_max.`m` DESC"), [1, 0, 3, 2, 4]);
    assert_eq!(order("metrics.m DESC"), [3, 1, 0, 2, 4]);
    log(store, &runs[3], "m", [(1, -1.0), (2, 10.0), (3, 0.0)]);
    assert_eq!(order("metrics_min.m ASC"), [3, 1, 0, 2, 4]);
    assert_eq!(order("metrics_max.m ASC"), [0, 1, 3, 2, 4]);
}

fn over(store: &Store, run: &str, most: usize, stretch: Option<(f64, f64)>) -> PairedChart {
    store
        .read(|reader| {
            let axis = reader.axis(run, "x", None)?;
            reader.chart_over(run, "m", &axis, most, stretch, None)
        })
        .unwrap()
}

#[test]
fn a_metric_over_another_keeps_what_stands_out_and_says_what_has_no_place() {
    let made = made();
    let store = &made.store;
    let run = new_run(store);
    let rising = |n: i64| match n {
        700 => f64::NAN,
        800 => f64::INFINITY,
        n => (n / 100) as f64,
    };
    log(store, &run, "x", (0..20_000).map(|n| (n, rising(n))));
    log(
        store,
        &run,
        "m",
        (0..30_000).filter(|n| n % 2 == 0).map(|n| {
            let value = match n {
                5_432 => 99.0,
                15_432 => -99.0,
                9_000 => f64::NAN,
                _ => 1.0,
            };
            (n, value)
        }),
    );
    let chart = over(store, &run, 100, None);
    assert_eq!(
        (chart.total, chart.pairs, chart.unplaced),
        (15_000, 10_000, 2)
    );
    assert_eq!(chart.inside, 9_998);
    assert!(
        chart.steady && chart.points.len() <= 110,
        "{}",
        chart.points.len()
    );
    for (x, step) in [
        (54.0, 5_432),
        (154.0, 15_432),
        (90.0, 9_000),
        (0.0, 0),
        (199.0, 19_998),
    ] {
        assert!(
            chart
                .points
                .iter()
                .any(|point| (point.x, point.sample.step) == (x, step)),
            "{step}"
        );
    }
    assert!(chart.points.is_sorted_by(|a, b| a.x <= b.x));

    // A stretch, with a point to either side.
    let chart = over(store, &run, 1_000, Some((54.0, 55.0)));
    assert_eq!(chart.inside, 102);
    assert_eq!(chart.points.len(), 102);
    assert_eq!((chart.points[0].x, chart.points[101].x), (53.0, 56.0));
    assert_eq!(over(store, &run, 1_000, Some((1e9, 2e9))).inside, 1);
}

#[test]
fn of_several_points_at_a_step_the_last_ones_belong_together() {
    let made = made();
    let store = &made.store;
    let run = new_run(store);
    log(
        store,
        &run,
        "x",
        [(0, 3.0), (0, 4.0), (1, 2.0), (2, 2.0), (7, 1.0)],
    );
    log(
        store,
        &run,
        "m",
        [(0, 10.0), (1, 11.0), (1, 12.0), (2, 13.0), (6, 0.0)],
    );
    let chart = over(store, &run, 100, None);
    let points: Vec<(f64, f64)> = chart.points.iter().map(|p| (p.x, p.sample.value)).collect();
    // It falls: what is at one place is in the order in which a line gets there from the left.
    assert_eq!(points, [(2.0, 13.0), (2.0, 12.0), (4.0, 10.0)]);
    assert!(chart.steady);
    log(store, &run, "x", [(6, 3.0)]);
    assert!(!over(store, &run, 100, None).steady);

    let apart = new_run(store);
    log(store, &apart, "x", [(1, 1.0)]);
    log(store, &apart, "m", [(2, 1.0), (3, 1.0)]);
    let chart = over(store, &apart, 100, None);
    assert_eq!((chart.total, chart.pairs, chart.points.len()), (2, 0, 0));
}
