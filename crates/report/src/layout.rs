//! Where everything of a figure stands, as shapes that any backend can paint.

use crate::axis::{Scale, XAxis, number, x_ticks};
use crate::figure::{Figure, Line};
use crate::palette::{Colors, DASHES, Rgb};
use crate::{FigureError, Language};

/// Backends count in whole pixels: so many of theirs are one of ours, so that lines are smooth.
pub(crate) const FINE: f64 = 4.0;

/// Width of a figure.
pub(crate) const WIDTH: f64 = 960.0;
const PLOT_HEIGHT: f64 = 300.0;
const TITLE_HEIGHT: f64 = 40.0;
const SIDE: f64 = 20.0;
const TICK_SIZE: f64 = 12.0;
const TITLE_SIZE: f64 = 15.0;
/// What the name of the axis takes at most, with a space before it.
const AXIS_WIDTH: f64 = 180.0;
/// A legend has so many columns and names at most so many lines.
const LEGEND_COLUMNS: usize = 3;
const LEGEND_LINES: usize = 30;
const LEGEND_ROW: f64 = 20.0;
/// So many lines keep the pale line of what was logged behind what is smoothed.
const SHADOWS: usize = 10;

/// A place, in our pixels.
pub(crate) type Point = (f64, f64);

/// Something to paint.
pub(crate) enum Shape {
    Path {
        points: Vec<Point>,
        color: Rgb,
        alpha: f64,
        width: f64,
    },
    Area {
        points: Vec<Point>,
        color: Rgb,
    },
    Dot {
        at: Point,
        radius: f64,
        color: Rgb,
        alpha: f64,
    },
    /// Its middle line stands at the height of `at`.
    Text {
        text: String,
        at: Point,
        size: f64,
        color: Rgb,
        to: Side,
    },
}

/// Where a text lies from its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Right,
    Left,
    Middle,
}

/// A figure laid out.
pub(crate) struct Sheet {
    pub height: f64,
    pub shapes: Vec<Shape>,
}

/// How wide a text is, in our pixels.
pub(crate) type Measure<'m> = &'m dyn Fn(&str, f64) -> Result<f64, FigureError>;

/// What a figure's lines became on its axes.
struct Plotted<'f> {
    x: Scale,
    y: Scale,
    /// For each line what is drawn, and the pale line behind it.
    lines: Vec<(&'f [f64], Option<&'f [f64]>)>,
    notes: Vec<String>,
}

fn plotted(figure: &Figure, language: Language) -> Plotted<'_> {
    let (mut gaps, mut infinite, mut below) = (0, 0, 0);
    for value in figure.lines.iter().flat_map(|line| &line.y) {
        if value.is_nan() {
            gaps += 1;
        } else if value.is_infinite() {
            infinite += 1;
        } else if figure.log && *value <= 0.0 {
            below += 1;
        }
    }
    let shadows = figure.lines.len() <= SHADOWS;
    let lines: Vec<(&[f64], Option<&[f64]>)> = figure
        .lines
        .iter()
        .map(|line| match &line.smoothed {
            Some(smoothed) => (smoothed.as_slice(), shadows.then_some(line.y.as_slice())),
            None => (line.y.as_slice(), None),
        })
        .collect();
    let mut notes = figure.notes.clone();
    if let Some(smoothing) = figure.smoothing {
        notes.push(language.smoothed(smoothing, shadows));
    }
    for (n, note) in [
        (gaps, language.gaps(gaps)),
        (infinite, language.infinite(infinite)),
        (below, language.not_on_log(below)),
    ] {
        if n > 0 {
            notes.push(note);
        }
    }
    let values = lines
        .iter()
        .flat_map(|(drawn, shadow)| drawn.iter().chain(shadow.iter().copied().flatten()))
        .copied();
    Plotted {
        x: Scale::of(
            figure.lines.iter().flat_map(|line| line.x.iter().copied()),
            false,
            0.0,
        ),
        y: Scale::of(values, figure.log, 0.05),
        lines,
        notes,
    }
}

/// Lays a figure out.
pub(crate) fn lay_out(
    figure: &Figure,
    colors: &Colors,
    language: Language,
    measure: Measure<'_>,
) -> Result<Sheet, FigureError> {
    let plotted = plotted(figure, language);
    let mut shapes = Vec::new();
    let title = fitted(&figure.title, TITLE_SIZE, WIDTH - 2.0 * SIDE, measure)?;
    shapes.push(Shape::Text {
        text: title,
        at: (SIDE, TITLE_HEIGHT / 2.0 + 4.0),
        size: TITLE_SIZE,
        color: colors.text,
        to: Side::Right,
    });

    let y_ticks: Vec<(f64, String)> = plotted
        .y
        .ticks(7.0)
        .into_iter()
        .map(|tick| (tick, number(tick, language)))
        .collect();
    let mut widest: f64 = 24.0;
    for (_, text) in &y_ticks {
        widest = widest.max(measure(text, TICK_SIZE)?);
    }
    let frame = Frame {
        left: SIDE + widest + 8.0,
        right: WIDTH - SIDE,
        top: TITLE_HEIGHT + 4.0,
        bottom: TITLE_HEIGHT + PLOT_HEIGHT,
    };
    for (tick, text) in y_ticks {
        let y = frame.y(plotted.y.place(tick));
        shapes.push(Shape::Path {
            points: vec![(frame.left, y), (frame.right, y)],
            color: colors.grid,
            alpha: 1.0,
            width: 1.0,
        });
        shapes.push(Shape::Text {
            text,
            at: (frame.left - 8.0, y),
            size: TICK_SIZE,
            color: colors.quiet,
            to: Side::Left,
        });
    }
    let mut last_end = f64::NEG_INFINITY;
    for (tick, text) in x_ticks(&figure.x, &plotted.x, 10.0, language) {
        let x = frame.x(plotted.x.place(tick));
        shapes.push(Shape::Path {
            points: vec![(x, frame.top), (x, frame.bottom)],
            color: colors.grid,
            alpha: 1.0,
            width: 1.0,
        });
        let half = measure(&text, TICK_SIZE)? / 2.0;
        let middle = x.min(WIDTH - 4.0 - half);
        if middle - half > last_end + 8.0 {
            last_end = middle + half;
            shapes.push(Shape::Text {
                text,
                at: (middle, frame.bottom + 14.0),
                size: TICK_SIZE,
                color: colors.quiet,
                to: Side::Middle,
            });
        }
    }
    let axis = match &figure.x {
        XAxis::Step => language.step(),
        XAxis::Relative => language.relative(),
        XAxis::Time => language.time(),
        XAxis::Metric(key) => fitted(key, TICK_SIZE, AXIS_WIDTH - 20.0, measure)?,
    };
    shapes.push(Shape::Text {
        text: format!("{axis} →"),
        at: (frame.right, frame.bottom + 32.0),
        size: TICK_SIZE,
        color: colors.quiet,
        to: Side::Left,
    });
    let mut foot = frame.bottom + 32.0;
    // Beside the name of the axis.
    let room = frame.right - frame.left - AXIS_WIDTH;
    for (n, text) in packed(&plotted.notes, room, measure)?
        .into_iter()
        .enumerate()
    {
        foot = frame.bottom + 32.0 + n as f64 * 18.0;
        shapes.push(Shape::Text {
            text: fitted(&text, TICK_SIZE, room, measure)?,
            at: (frame.left, foot),
            size: TICK_SIZE,
            color: colors.quiet,
            to: Side::Right,
        });
    }

    let mut drawn = false;
    for (line, (values, shadow)) in figure.lines.iter().zip(&plotted.lines) {
        if let Some(shadow) = shadow {
            draw_line(line, shadow, &plotted, &frame, colors, true, &mut shapes);
        }
        drawn |= draw_line(line, values, &plotted, &frame, colors, false, &mut shapes);
    }
    for line in &figure.lines {
        draw_infinities(line, &plotted.x, &frame, colors, &mut shapes);
    }
    if !drawn {
        shapes.push(Shape::Text {
            text: language.nothing_to_draw(),
            at: (
                f64::midpoint(frame.left, frame.right),
                f64::midpoint(frame.top, frame.bottom),
            ),
            size: TICK_SIZE + 1.0,
            color: colors.quiet,
            to: Side::Middle,
        });
    }
    foot += 24.0;
    let height = legend(figure, foot, colors, language, measure, &mut shapes)?;
    Ok(Sheet { height, shapes })
}

/// The rectangle in which lines are drawn.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn x(&self, place: f64) -> f64 {
        self.left + place * (self.right - self.left)
    }

    fn y(&self, place: f64) -> f64 {
        self.bottom - place * (self.bottom - self.top)
    }
}

fn color_of(line: &Line, colors: &Colors) -> Rgb {
    let slot = line.look.slot % colors.series.len();
    colors.series.get(slot).copied().unwrap_or(colors.text)
}

fn dashes_of(line: &Line) -> &'static [f64] {
    DASHES
        .get(line.look.dash % DASHES.len())
        .unwrap_or(&&[][..])
}

/// Draws the stretches between gaps; says whether there was anything.
fn draw_line(
    line: &Line,
    values: &[f64],
    plotted: &Plotted<'_>,
    frame: &Frame,
    colors: &Colors,
    shadow: bool,
    shapes: &mut Vec<Shape>,
) -> bool {
    let color = color_of(line, colors);
    let has_place = |value: f64| value.is_finite() && !(plotted.y.log && value <= 0.0);
    let points: Vec<Option<Point>> = line
        .x
        .iter()
        .zip(values)
        .map(|(&x, &value)| {
            (x.is_finite() && has_place(value))
                .then(|| (frame.x(plotted.x.place(x)), frame.y(plotted.y.place(value))))
        })
        .collect();
    let mut any = false;
    let (alpha, width) = if shadow { (0.28, 1.0) } else { (1.0, 1.75) };
    // Smoothed, they are a line over their points.
    let apart = !line.joined && (shadow || line.smoothed.is_none());
    for stretch in points.split(Option::is_none) {
        let stretch: Vec<Point> = stretch.iter().copied().flatten().collect();
        any |= !stretch.is_empty();
        if apart || stretch.len() == 1 {
            shapes.extend(stretch.into_iter().map(|at| Shape::Dot {
                at,
                radius: 2.0,
                color,
                alpha,
            }));
            continue;
        }
        let pieces = match dashes_of(line) {
            [] => vec![stretch],
            _ if shadow => vec![stretch],
            dashes => dashed(&stretch, dashes),
        };
        for points in pieces.into_iter().filter(|points| points.len() > 1) {
            shapes.push(Shape::Path {
                points,
                color,
                alpha,
                width,
            });
        }
    }
    any
}

/// A path cut into its dashes.
fn dashed(path: &[Point], dashes: &[f64]) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut lengths = dashes.iter().copied().cycle();
    let mut left = lengths.next().unwrap_or(f64::INFINITY);
    let mut on = true;
    let mut piece: Vec<Point> = path.first().copied().into_iter().collect();
    for pair in path.windows(2) {
        let [from, to] = pair else { continue };
        let (mut at, end) = (*from, *to);
        loop {
            let rest = (end.0 - at.0).hypot(end.1 - at.1);
            if rest <= left {
                left -= rest;
                if on {
                    piece.push(end);
                }
                break;
            }
            let share = left / rest;
            at = (at.0 + (end.0 - at.0) * share, at.1 + (end.1 - at.1) * share);
            if on {
                piece.push(at);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![at];
            }
            on = !on;
            left = lengths.next().unwrap_or(f64::INFINITY);
        }
    }
    if on {
        pieces.push(piece);
    }
    pieces
}

/// An infinity is a triangle at the edge through which the line left.
fn draw_infinities(
    line: &Line,
    x: &Scale,
    frame: &Frame,
    colors: &Colors,
    shapes: &mut Vec<Shape>,
) {
    let size = 4.5;
    for (&at, value) in line.x.iter().zip(&line.y) {
        if !value.is_infinite() || !at.is_finite() {
            continue;
        }
        let (tip, down) = if *value > 0.0 {
            (frame.top, 1.0)
        } else {
            (frame.bottom, -1.0)
        };
        let middle = frame.x(x.place(at));
        let base = tip + down * size * 1.6;
        shapes.push(Shape::Area {
            points: vec![(middle, tip), (middle - size, base), (middle + size, base)],
            color: color_of(line, colors),
        });
    }
}

/// Names the lines below the plot; answers the height of the figure.
fn legend(
    figure: &Figure,
    top: f64,
    colors: &Colors,
    language: Language,
    measure: Measure<'_>,
    shapes: &mut Vec<Shape>,
) -> Result<f64, FigureError> {
    let width = (WIDTH - 2.0 * SIDE) / LEGEND_COLUMNS as f64;
    let shown = if figure.lines.len() > LEGEND_LINES {
        LEGEND_LINES - 1
    } else {
        figure.lines.len()
    };
    let place = |n: usize| {
        (
            SIDE + (n % LEGEND_COLUMNS) as f64 * width,
            top + (n / LEGEND_COLUMNS) as f64 * LEGEND_ROW,
        )
    };
    for (n, line) in figure.lines.iter().take(shown).enumerate() {
        let (x, y) = place(n);
        let key = [(x, y), (x + 24.0, y)];
        let pieces = match dashes_of(line) {
            [] => vec![key.to_vec()],
            dashes => dashed(&key, dashes),
        };
        for points in pieces.into_iter().filter(|points| points.len() > 1) {
            shapes.push(Shape::Path {
                points,
                color: color_of(line, colors),
                alpha: 1.0,
                width: 2.5,
            });
        }
        shapes.push(Shape::Text {
            text: fitted(&line.label, TICK_SIZE, width - 48.0, measure)?,
            at: (x + 32.0, y),
            size: TICK_SIZE,
            color: colors.text,
            to: Side::Right,
        });
    }
    let mut entries = shown;
    if shown < figure.lines.len() {
        let (x, y) = place(shown);
        shapes.push(Shape::Text {
            text: language.more_lines(figure.lines.len() - shown),
            at: (x + 32.0, y),
            size: TICK_SIZE,
            color: colors.quiet,
            to: Side::Right,
        });
        entries += 1;
    }
    Ok(top + entries.div_ceil(LEGEND_COLUMNS) as f64 * LEGEND_ROW + 4.0)
}

/// Notes in as few rows as they need.
fn packed(notes: &[String], width: f64, measure: Measure<'_>) -> Result<Vec<String>, FigureError> {
    let mut rows: Vec<String> = Vec::new();
    for note in notes {
        let longer = rows.last().map(|row| format!("{row} · {note}"));
        match (rows.last_mut(), longer) {
            (Some(row), Some(longer)) if measure(&longer, TICK_SIZE)? <= width => *row = longer,
            _ => rows.push(note.clone()),
        }
    }
    Ok(rows)
}

/// A text as one line that is no wider than this, cut where it must be; without what no file of
/// XML can hold.
fn fitted(text: &str, size: f64, width: f64, measure: Measure<'_>) -> Result<String, FigureError> {
    let text: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        // More than that is never seen, whatever its width.
        .take(500)
        .collect();
    if measure(&text, size)? <= width {
        return Ok(text);
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut fits, mut not) = (0, letters.len());
    let cut = |n: usize| letters.iter().take(n).chain(&['…']).collect::<String>();
    while not - fits > 1 {
        let middle = usize::midpoint(fits, not);
        if measure(&cut(middle), size)? <= width {
            fits = middle;
        } else {
            not = middle;
        }
    }
    Ok(cut(fits))
}

#[cfg(test)]
mod tests {
    use super::dashed;

    #[test]
    fn dashes_and_gaps_fill_the_way() {
        let path = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let pieces = dashed(&path, &[6.0, 3.0]);
        let length = |piece: &[(f64, f64)]| {
            piece
                .windows(2)
                .map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1))
                .sum::<f64>()
        };
        let lengths: Vec<f64> = pieces.iter().map(|piece| length(piece)).collect();
        assert_eq!(lengths, [6.0, 6.0, 2.0]);
        // The second goes around the corner.
        assert_eq!(pieces[1], [(9.0, 0.0), (10.0, 0.0), (10.0, 5.0)]);
    }
}
