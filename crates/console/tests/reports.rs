//! Reports at the boundary of the console: kept, read on runs that come and go, exported.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use std::path::Path;

use base64::Engine as _;
use skerry_console::api::*;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::tracking::MetricPoint;
use skerry_domain::{Code, KeyValue, Reason, Smoothing, SmoothingKind};
use skerry_store::{Batch, NewRun, Store, StoreOptions};

async fn console(data: &Path, person: &str) -> Console {
    let mut options = ConsoleOptions::new(data);
    options.links = false;
    options.person = Some(person.to_owned());
    Console::open(options).await.unwrap()
}

const NASTY: &str = "<b>שלום</b> 🎣 \"&";

/// Runs with 300 points of `loss`, one peak among them, and `odd`, which is infinite in the end.
fn seed(file: &Path, names: &[&str]) -> Vec<ChosenRun> {
    let store = Store::open(file, StoreOptions::default()).unwrap();
    names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let name = (*name).to_owned();
            let run = store
                .write(move |tx| {
                    let run = tx.create_run(NewRun {
                        name,
                        start_time: Some(1_700_000_000_000),
                        ..NewRun::default()
                    })?;
                    let point = |key: &str, step: i64, value: f64| {
                        MetricPoint::new(key, value, 1_700_000_000_000 + step * 1000, step)
                    };
                    let mut metrics: Vec<MetricPoint> = (0..300)
                        .map(|step| point("loss", step, 1.0 / (step + 1) as f64))
                        .collect();
                    metrics[150].value = 77.0;
                    metrics.push(point("odd", 0, 1.0));
                    metrics.push(point("odd", 1, f64::INFINITY));
                    tx.log_batch(
                        &run.info.run_id,
                        Batch {
                            metrics,
                            params: vec![KeyValue {
                                key: "lr".to_owned(),
                                value: format!("0.{n}"),
                            }],
                            ..Batch::default()
                        },
                    )?;
                    Ok(run)
                })
                .unwrap();
            ChosenRun {
                id: run.info.run_id,
                name: run.info.name,
            }
        })
        .collect()
}

fn block(id: &str, body: ReportBody) -> ReportBlock {
    ReportBlock {
        id: id.to_owned(),
        body,
    }
}

fn content(runs: ReportRuns) -> ReportContent {
    ReportContent {
        title: NASTY.to_owned(),
        runs,
        blocks: vec![
            block(
                "t",
                ReportBody::Text {
                    text: "# Seen\n\n<script>alert(1)</script>".to_owned(),
                },
            ),
            block(
                "c",
                ReportBody::Chart {
                    title: String::new(),
                    metrics: vec!["loss".to_owned(), "odd".to_owned()],
                    x: ReportX::Relative,
                    over: None,
                    log: false,
                    smoothing: 0.0,
                    smoothing_kind: SmoothingKind::Exponential,
                    runs: None,
                },
            ),
            block(
                "v",
                ReportBody::Table {
                    title: NASTY.to_owned(),
                    columns: ["params.lr", "metrics.odd", "attributes.status", "tags.no"]
                        .map(str::to_owned)
                        .to_vec(),
                    runs: None,
                },
            ),
        ],
    }
}

fn save(id: &str, revision: u32, content: &ReportContent) -> ReportSave {
    ReportSave {
        id: id.to_owned(),
        revision,
        content: content.clone(),
    }
}

fn export(id: &str, format: ReportFormat, block: Option<&str>) -> ReportExport {
    ReportExport {
        id: id.to_owned(),
        format,
        block: block.map(str::to_owned),
        theme: None,
        language: None,
    }
}

fn bytes(file: &ExportedFile) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(&file.base64)
        .unwrap()
}

fn text(file: &ExportedFile) -> String {
    String::from_utf8(bytes(file)).unwrap()
}

#[tokio::test]
async fn a_report_is_exported_with_what_became_of_its_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workspace.db");
    let runs = seed(&file, &["amber", NASTY, "old"]);
    let ada = console(folder.path(), "ada").await;
    let chosen = ReportRuns::Chosen { runs: runs.clone() };
    let saved = ada
        .report_save(save("", 0, &content(chosen.clone())))
        .await
        .unwrap();
    assert_eq!((saved.revision, saved.updated_by.as_str()), (1, "ada"));
    let listed = ada.reports_list(()).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].title.as_str(), listed[0].blocks),
        (1, NASTY, 3)
    );

    // One run goes for good, another into the bin.
    ada.runs_delete(RunIds {
        run_ids: vec![runs[0].id.clone(), runs[2].id.clone()],
    })
    .await
    .unwrap();
    ada.close().await;
    drop(ada);
    purge(&file, &runs[2].id);
    let ada = console(folder.path(), "ada").await;
    let now = ada
        .report_runs(ReportRunsQuery {
            runs: chosen,
            columns: vec!["params.lr".to_owned()],
        })
        .await
        .unwrap();
    assert_eq!(now.gone, [runs[2].clone()]);
    let stages: Vec<RunStage> = now.rows.iter().map(|row| row.stage).collect();
    assert_eq!(stages, [RunStage::Deleted, RunStage::Active]);
    assert_eq!(now.rows[1].params[0].value, "0.1");
    assert!(now.rows[0].metrics.is_empty());
    assert_eq!(now.metric_keys, ["loss", "odd"]);

    let page = ada
        .report_export(export(&saved.id, ReportFormat::Html, None))
        .await
        .unwrap();
    assert!(page.name.ends_with(".html"), "{}", page.name);
    let html = text(&page);
    assert!(html.contains("<h2>Seen</h2>") && !html.contains("<script"));
    assert!(html.contains("deleted since: old"));
    assert!(html.contains("<th scope=\"row\" class=\"gone\"><bdi>old</bdi></th>"));
    assert!(html.contains("&lt;b&gt;שלום&lt;/b&gt; 🎣 &quot;&amp;"));
    assert!(html.contains(">∞</td>") && html.contains("1 min") && html.contains("infinite"));

    let svg = ada
        .report_export(export(&saved.id, ReportFormat::Svg, Some("c")))
        .await
        .unwrap();
    let drawn = text(&svg);
    assert!(drawn.starts_with("<svg ") && drawn.contains("amber · loss"));
    // The axis reaches the one peak among many points.
    assert!(
        drawn.contains("\n80\n") || drawn.contains("\n70\n"),
        "{drawn}"
    );
    let png = ada
        .report_export(export(&saved.id, ReportFormat::Png, Some("c")))
        .await
        .unwrap();
    assert!(bytes(&png).starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(png.name.rsplit('.').next(), Some("png"));
    for block in [None, Some("t"), Some("nothing")] {
        let error = ada
            .report_export(export(&saved.id, ReportFormat::Svg, block))
            .await
            .unwrap_err();
        assert_eq!(error.code, Code::NotFound, "{block:?}");
    }
}

#[tokio::test]
async fn a_chart_over_a_metric_is_smoothed_from_every_point_and_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workspace.db");
    let runs = seed(&file, &["amber", "birch"]);
    let store = Store::open(&file, StoreOptions::default()).unwrap();
    let run = runs[0].id.clone();
    // Noise around 0.5, in more points than are drawn; every fifth step has an epoch.
    store
        .write(move |tx| {
            let point = |key: &str, step: i64, value: f64| MetricPoint::new(key, value, step, step);
            let metrics = (0..20_000).map(|step| point("noise", step, (step % 2) as f64));
            let epochs = (0..20_000)
                .step_by(5)
                .map(|step| point("epoch", step, step as f64 / 1000.0));
            let metrics: Vec<MetricPoint> = metrics.chain(epochs).collect();
            metrics.chunks(1_000).try_for_each(|part| {
                let batch = Batch {
                    metrics: part.to_vec(),
                    ..Batch::default()
                };
                tx.log_batch(&run, batch).map(|_| ())
            })
        })
        .unwrap();
    drop(store);
    let ada = console(folder.path(), "ada").await;
    let mut written = content(ReportRuns::Chosen { runs: runs.clone() });
    let chart = |metrics: &[&str], over: &str| ReportBody::Chart {
        title: String::new(),
        metrics: metrics.iter().map(|&key| key.to_owned()).collect(),
        x: ReportX::Step,
        over: Some(over.to_owned()),
        log: false,
        smoothing: 0.9,
        smoothing_kind: SmoothingKind::Gaussian,
        runs: None,
    };
    written.blocks = vec![
        block("some", chart(&["noise", "loss"], "epoch")),
        block("odd", chart(&["loss"], "odd")),
        block("none", chart(&["loss"], "nothing")),
    ];
    let saved = ada.report_save(save("", 0, &written)).await.unwrap();
    assert_eq!(saved.content, written);
    let svg = async |block: &str| {
        let export = export(&saved.id, ReportFormat::Svg, Some(block));
        text(&ada.report_export(export).await.unwrap())
    };
    let some = svg("some").await;
    for said in [
        "epoch →",
        "1 of 3 lines have no step in common with epoch",
        // 4,000 of noise, 60 of loss.
        "4060 of 20300 points are at steps that epoch has too",
        "smoothed by 0.90 (Gaussian); pale: as logged",
    ] {
        assert!(some.contains(said), "{said} in {some}");
    }
    let odd = svg("odd").await;
    assert!(odd.contains("2 left out: odd is not finite there"), "{odd}");
    let none = svg("none").await;
    assert!(none.contains("No step in common with nothing") && none.contains("No values to draw"));

    // What the screens read of the same.
    let read = async |smoothed, over: Option<&str>| {
        let query = RunsChartQuery {
            run_ids: vec![runs[0].id.clone()],
            key: "noise".to_owned(),
            max_points: 100,
            from_step: None,
            to_step: None,
            over: over.map(|key| ChartAxis {
                key: key.to_owned(),
                from: None,
                to: None,
            }),
            smoothed,
        };
        ada.runs_chart(query).await
    };
    for kind in [
        SmoothingKind::Exponential,
        SmoothingKind::Mean,
        SmoothingKind::Gaussian,
    ] {
        for by_time in [false, true] {
            for over in [None, Some("epoch")] {
                let smoothing = Smoothing { kind, weight: 0.9 };
                let asked = SmoothedLines { smoothing, by_time };
                let series = read(Some(asked), over).await.unwrap().remove(0).series;
                assert!(series.values.len() < 120, "{}", series.values.len());
                let smooth = series.smoothed.unwrap();
                assert_eq!(smooth.len(), series.values.len());
                // The points that are drawn are the extremes; the line goes through the middle.
                let inner = &smooth[10..smooth.len() - 10];
                let middle = |value: &Option<f64>| (value.unwrap() - 0.5).abs() < 0.05;
                assert!(inner.iter().all(middle), "{kind:?} {inner:?}");
            }
        }
    }
    let too_much = SmoothedLines {
        smoothing: Smoothing {
            kind: SmoothingKind::Mean,
            weight: 1.0,
        },
        by_time: false,
    };
    let error = read(Some(too_much), None).await.unwrap_err();
    assert_eq!(error.code, Code::Invalid);
}

#[test]
fn a_chart_that_was_saved_before_is_read() {
    let old = r#"{"kind":"chart","title":"","metrics":["loss"],"x":"step","log":false,
        "smoothing":0.5,"runs":null}"#;
    let body: ReportBody = serde_json::from_str(old).unwrap();
    let ReportBody::Chart {
        over,
        smoothing_kind,
        ..
    } = body
    else {
        panic!("{body:?}")
    };
    assert_eq!((over, smoothing_kind), (None, SmoothingKind::Exponential));
}

/// As `skerry gc` does it.
fn purge(file: &Path, run: &str) {
    let store = Store::open(file, StoreOptions::default()).unwrap();
    let run = run.to_owned();
    assert!(store.write(move |tx| tx.purge_run(&run)).unwrap());
}

#[tokio::test]
async fn a_search_is_made_when_the_report_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workspace.db");
    seed(&file, &["a", "b", "c"]);
    let console = console(folder.path(), "ada").await;
    let search = |filter: &str, experiment: Option<&str>| ReportRuns::Search {
        filter: filter.to_owned(),
        order_by: vec!["params.lr DESC".to_owned()],
        experiment: experiment.map(str::to_owned),
        limit: 2,
    };
    let query = |runs: ReportRuns| ReportRunsQuery {
        runs,
        columns: Vec::new(),
    };
    let found = console
        .report_runs(query(search("metrics.odd > 5", None)))
        .await
        .unwrap();
    let names: Vec<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, found.total), (vec!["c", "b"], 3));
    let error = console
        .report_runs(query(search("metrics.odd >", None)))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Invalid);

    // A block whose search fails says so; the rest of the report is there.
    let mut content = content(search("", None));
    if let ReportBody::Chart { runs, .. } = &mut content.blocks[1].body {
        *runs = Some(search("", Some("no such experiment")));
    }
    let saved = console.report_save(save("", 0, &content)).await.unwrap();
    let page = console
        .report_export(export(&saved.id, ReportFormat::Html, None))
        .await
        .unwrap();
    let html = text(&page);
    assert!(html.contains("class=\"notice\"") && html.contains("no such experiment"));
    assert!(html.contains("the first 2 of 3 runs"));
}

#[tokio::test]
async fn what_two_people_write_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let console = console(folder.path(), "ada").await;
    let none = ReportRuns::Chosen { runs: Vec::new() };
    let mut content = content(none);
    let saved = console.report_save(save("", 0, &content)).await.unwrap();
    content.title = "Another".to_owned();
    console
        .report_save(save(&saved.id, 1, &content))
        .await
        .unwrap();
    let error = console
        .report_save(save(&saved.id, 1, &content))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.reason),
        (Code::WrongState, Some(Reason::ReportChanged))
    );
    console
        .report_delete(ById {
            id: saved.id.clone(),
        })
        .await
        .unwrap();
    let error = console.report_get(ById { id: saved.id }).await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
}

#[tokio::test]
async fn what_no_report_can_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let console = console(folder.path(), "ada").await;
    let good = content(ReportRuns::Chosen { runs: Vec::new() });
    let refused = async |change: &dyn Fn(&mut ReportContent)| {
        let mut bad = good.clone();
        change(&mut bad);
        let error = console.report_save(save("", 0, &bad)).await.unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{bad:?}");
    };
    refused(&|content| content.title = " ".to_owned()).await;
    refused(&|content| content.blocks[1].id = "t".to_owned()).await;
    refused(&|content| content.blocks[1].id = "../x".to_owned()).await;
    refused(&|content| {
        content.blocks[0].body = ReportBody::Text {
            text: "x".repeat(100_001),
        };
    })
    .await;
    refused(&|content| {
        if let ReportBody::Chart { smoothing, .. } = &mut content.blocks[1].body {
            *smoothing = 1.0;
        }
    })
    .await;
    refused(&|content| {
        if let ReportBody::Chart { over, .. } = &mut content.blocks[1].body {
            *over = Some("../x".to_owned());
        }
    })
    .await;
    refused(&|content| {
        content.runs = ReportRuns::Search {
            filter: String::new(),
            order_by: Vec::new(),
            experiment: None,
            limit: 201,
        };
    })
    .await;
}
