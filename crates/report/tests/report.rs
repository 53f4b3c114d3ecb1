//! What leaves the console: pages that run and fetch nothing, pictures that can be read.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests say what must hold by panicking"
)]

use skerry_domain::{Smoothing, SmoothingKind};
use skerry_report::{Cell, Column, Figure, Language, Line, Page, Part, Table, Theme, XAxis, looks};

const NASTY: &str = "</title><script>alert('x')</script>\"&\u{1}\u{202e}שלום 🎣";

fn figure(lines: usize, points: usize) -> Figure {
    let ids: Vec<String> = (0..lines).map(|n| format!("{n:032x}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    Figure {
        title: "loss".to_owned(),
        x: XAxis::Step,
        log: false,
        smoothing: None,
        lines: looks(&ids)
            .into_iter()
            .enumerate()
            .map(|(n, look)| Line {
                label: format!("run {n}"),
                look,
                x: (0..points).map(|step| step as f64).collect(),
                y: (0..points)
                    .map(|step| (step as f64 / 9.0 + n as f64).sin() / (1.0 + step as f64 / 40.0))
                    .collect(),
                smoothed: None,
                joined: true,
            })
            .collect(),
        notes: Vec::new(),
    }
}

/// Tags in their order; panics where elements are not closed in the order of their opening.
fn elements(xml: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "a bare > after {tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.trim()));
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        all.push(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

fn attribute(svg: &str, name: &str) -> f64 {
    let (_, rest) = svg.split_once(&format!(" {name}=\"")).unwrap();
    rest.split_once('"').unwrap().0.parse().unwrap()
}

#[test]
fn a_figure_is_well_formed_svg_of_known_size() {
    let mut odd = figure(3, 50);
    odd.title = NASTY.repeat(40);
    odd.lines[0].label = NASTY.to_owned();
    odd.notes = vec!["a < b & c".to_owned()];
    let svg = odd.svg(Theme::Light, Language::En).unwrap();
    let names = elements(&svg);
    assert_eq!(names[0], "svg");
    for name in names {
        assert!(
            [
                "svg", "rect", "polyline", "line", "text", "polygon", "circle"
            ]
            .contains(&name.as_str()),
            "{name}"
        );
    }
    assert_eq!(attribute(&svg, "width"), 960.0);
    assert!(attribute(&svg, "height") > 300.0);
    assert!(svg.contains("aria-label=\"&lt;/title&gt;"));
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn a_figure_is_a_png_of_twice_the_size_that_shows_its_lines() {
    let drawn = figure(2, 50);
    let file = drawn.png(Theme::Light, Language::En).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(frame.width, 1920);
    assert!((600..1200).contains(&frame.height), "{}", frame.height);
    let of = |color: [u8; 3]| {
        pixels
            .chunks_exact(3)
            .filter(|pixel| **pixel == color)
            .count()
    };
    // Most is background; title and numbers are there without any font of the system.
    assert!(of([255, 255, 255]) > pixels.len() / 3 / 2);
    assert!(of([0x0f, 0x20, 0x22]) > 100, "no text");
    let hex = |svg: &str| {
        let at = svg.rfind("stroke=\"#").unwrap() + 9;
        let part = |from: usize| u8::from_str_radix(&svg[at + from..at + from + 2], 16).unwrap();
        [part(0), part(2), part(4)]
    };
    let line = hex(&drawn.svg(Theme::Light, Language::En).unwrap());
    assert!(of(line) > 100, "no line of {line:?}");
    let dark = drawn.png(Theme::Dark, Language::En).unwrap();
    assert_ne!(dark, file);
}

#[test]
fn a_line_that_turns_back_stays_in_the_frame_of_a_png() {
    let mut sharp = figure(1, 2_000);
    for (n, y) in sharp.lines[0].y.iter_mut().enumerate() {
        *y = [0.0, 1.0, 0.3, 0.9, 0.1][n % 5];
    }
    let file = sharp.png(Theme::Light, Language::En).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    // Beside the title and over the plot there is nothing.
    for row in pixels.chunks_exact(1920 * 3).take(80) {
        assert!(row[600 * 3..].iter().all(|part| *part == 255));
    }
}

#[test]
fn what_has_no_place_is_said_and_drawn_apart() {
    let mut odd = figure(1, 60);
    odd.lines[0].y[20] = f64::NAN;
    odd.lines[0].y[40] = f64::INFINITY;
    odd.lines[0].y[41] = f64::NEG_INFINITY;
    let svg = odd.svg(Theme::Light, Language::En).unwrap();
    assert_eq!(svg.matches("<polygon").count(), 2);
    assert!(svg.contains("1 value is NaN: a gap"));
    assert!(svg.contains("2 values are infinite"));
    // Three gaps, the last two beside one another: the line comes in three pieces.
    let whole = figure(1, 60).svg(Theme::Light, Language::En).unwrap();
    let count = |svg: &str| svg.matches("<polyline").count();
    assert_eq!(count(&svg), count(&whole) + 2);
    odd.log = true;
    let log = odd.svg(Theme::Light, Language::Sv).unwrap();
    assert!(log.contains("får inte plats på axeln"), "{log}");
    let nothing = Figure {
        lines: Vec::new(),
        ..figure(0, 0)
    };
    let svg = nothing.svg(Theme::Light, Language::En).unwrap();
    assert!(svg.contains("No values to draw"));
    for values in [vec![f64::MAX, f64::MIN], vec![f64::NAN; 2], vec![0.0; 2]] {
        let mut extreme = figure(1, 2);
        extreme.lines[0].y = values;
        for log in [false, true] {
            extreme.log = log;
            elements(&extreme.svg(Theme::Light, Language::En).unwrap());
            extreme.png(Theme::Light, Language::En).unwrap();
        }
    }
}

#[test]
fn two_hundred_lines_are_drawn_and_the_first_are_named() {
    let svg = figure(200, 120).svg(Theme::Light, Language::En).unwrap();
    elements(&svg);
    assert!(svg.contains("run 28\n") && !svg.contains("run 29\n"));
    assert!(svg.contains("and 171 more"));
}

#[test]
fn smoothing_draws_the_line_as_logged_behind() {
    let mut smoothed = figure(1, 60);
    let svg = smoothed.svg(Theme::Light, Language::En).unwrap();
    assert!(!svg.contains("opacity=\"0.28\""));
    smoothed.smoothing = Some(Smoothing {
        kind: SmoothingKind::Gaussian,
        weight: 0.9,
    });
    smoothed.lines[0].smoothed = Some(vec![0.5; 60]);
    let svg = smoothed.svg(Theme::Light, Language::En).unwrap();
    assert!(svg.contains("opacity=\"0.28\""));
    assert!(svg.contains("smoothed by 0.90 (Gaussian); pale: as logged"));
    let mut many = figure(11, 60);
    many.smoothing = smoothed.smoothing;
    for line in &mut many.lines {
        line.smoothed = Some(line.y.clone());
    }
    let svg = many.svg(Theme::Light, Language::Sv).unwrap();
    assert!(!svg.contains("opacity=\"0.28\"") && !svg.contains("blekt"));
    assert!(svg.contains("utjämnat med 0,90 (gaussiskt)"));
}

#[test]
fn over_a_metric_the_axis_has_its_name_and_points_may_stand_apart() {
    let mut over = figure(1, 60);
    over.x = XAxis::Metric("epoch".to_owned());
    over.lines[0].x = (0..60).map(|n| f64::from(n) / 100.0).collect();
    let svg = over.svg(Theme::Light, Language::En).unwrap();
    assert!(svg.contains("epoch →") && svg.contains("\n0.3\n"), "{svg}");
    assert!(!svg.contains("<circle"));
    over.lines[0].joined = false;
    let svg = over.svg(Theme::Light, Language::En).unwrap();
    assert_eq!(svg.matches("<circle").count(), 60);
    // A smooth line goes over points that stand apart.
    over.lines[0].smoothed = Some(vec![0.5; 60]);
    let smooth = over.svg(Theme::Light, Language::En).unwrap();
    assert_eq!(smooth.matches("<circle").count(), 60);
    assert!(smooth.matches("<polyline").count() > svg.matches("<polyline").count());
    // A name that is too long leaves room for what stands beside it.
    over.x = XAxis::Metric("very/long/".repeat(50));
    let svg = over.svg(Theme::Light, Language::En).unwrap();
    assert!(svg.contains("… →"), "{svg}");
}

fn page() -> Page {
    Page {
        title: NASTY.to_owned(),
        facts: vec![NASTY.to_owned()],
        parts: vec![
            Part::Text(format!(
                "# Hello\n\n{NASTY}\n\n![p](https://a.example/p.png)"
            )),
            Part::Figure(figure(2, 30)),
            Part::Table(Table {
                title: NASTY.to_owned(),
                columns: vec![
                    Column {
                        name: "run".to_owned(),
                        numbers: false,
                    },
                    Column {
                        name: NASTY.to_owned(),
                        numbers: true,
                    },
                ],
                rows: vec![
                    vec![Cell::Text(NASTY.to_owned()), Cell::Number(f64::NAN)],
                    vec![Cell::Text("b".to_owned()), Cell::Number(f64::INFINITY)],
                    vec![Cell::Gone("old".to_owned()), Cell::None],
                ],
                notes: Vec::new(),
            }),
            Part::Notice(NASTY.to_owned()),
        ],
        language: Language::En,
    }
}

#[test]
fn a_page_runs_nothing_fetches_nothing_and_shows_what_was_written() {
    let html = page().html().unwrap();
    let (head, body) = html.split_once("</style>").unwrap();
    assert!(!head.contains("url(") && !head.contains("@import"));
    for tag in body
        .split('<')
        .skip(1)
        .map(|part| part.split('>').next().unwrap())
    {
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n', '/'])
            .next()
            .unwrap();
        assert!(
            !["script", "img", "link", "iframe", "style", "object", "base"].contains(&name),
            "{tag}"
        );
        for attribute in tag
            .split('"')
            .step_by(2)
            .filter_map(|part| part.trim().strip_suffix('='))
        {
            let attribute = attribute.rsplit(' ').next().unwrap();
            assert!(
                !attribute.starts_with("on") && !["src", "style", "srcset"].contains(&attribute),
                "{tag}"
            );
        }
    }
    assert!(html.contains("default-src 'none'; style-src 'sha256-"));
    assert!(html.contains("&lt;script&gt;alert("));
    assert!(html.contains(">NaN</td>") && html.contains(">∞</td>"));
    assert!(html.contains(
        "<th scope=\"row\" class=\"gone\"><bdi>old</bdi></th><td class=\"right\">–</td>"
    ));
    assert!(html.contains("<h2>Hello</h2>"));
    assert!(html.contains("prefers-color-scheme: dark"));
    // The only address is a link to the picture; the other is SVG's name.
    assert_eq!(html.matches("https://").count(), 1);
    assert!(html.contains("<a href=\"https://a.example/p.png\">p</a>"));
    assert_eq!(html.matches("http://").count(), 1);
    assert_eq!(html.matches("<svg ").count(), 1);
}
