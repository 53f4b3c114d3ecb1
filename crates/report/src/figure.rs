//! A chart of metrics as a picture.

use std::sync::LazyLock;

use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color as _, FontStyle, FontTransform, IntoFont as _, RGBAColor, ShapeStyle, TextStyle,
    register_font,
};

use skerry_domain::Smoothing;

use crate::layout::{FINE, Point, Shape, Sheet, Side, WIDTH, lay_out};
use crate::markdown::escaped;
use crate::palette::{Colors, DARK, LIGHT, Rgb};
use crate::{Language, Look, XAxis};

/// A chart of one or more metrics of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What stands over it.
    pub title: String,
    /// What it is drawn over.
    pub x: XAxis,
    /// Values stand on a logarithmic axis.
    pub log: bool,
    /// How its lines were smoothed, when they were.
    pub smoothing: Option<Smoothing>,
    /// Its lines, in the order in which they are named.
    pub lines: Vec<Line>,
    /// Remarks under it.
    pub notes: Vec<String>,
}

/// A line of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is called.
    pub label: String,
    /// How it looks.
    pub look: Look,
    /// Steps, seconds since the start, milliseconds since the epoch, or values of a metric;
    /// ascending.
    pub x: Vec<f64>,
    /// As many values. NaN is a gap, an infinity is marked at the edge.
    pub y: Vec<f64>,
    /// As many of a smooth line, which is drawn instead.
    pub smoothed: Option<Vec<f64>>,
    /// A line leads from each point to the next; without, they are dots.
    pub joined: bool,
}

/// Colors of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// On white.
    Light,
    /// On a dark surface.
    Dark,
}

impl Theme {
    fn colors(self) -> &'static Colors {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

/// A figure could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureError(String);

impl std::fmt::Display for FigureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The figure could not be drawn: {}.", self.0)
    }
}

impl std::error::Error for FigureError {}

impl FigureError {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Latin, Greek, Cyrillic, Hebrew and Arabic letters and what mathematics needs, out of DejaVu
/// Sans, whose license allows it (see `font/README.md`).
static FONT: &[u8] = include_bytes!("../font/DejaVuSans.ttf");
const FAMILY: &str = "sans-serif";

/// Whether the font is there; it is registered once for the whole program.
static REGISTERED: LazyLock<bool> =
    LazyLock::new(|| register_font(FAMILY, FontStyle::Normal, FONT).is_ok());

/// A font's size for the backends, which take it for the height of a line.
const EM: f64 = 1.24;

fn style(size: f64, color: Rgb) -> TextStyle<'static> {
    (FAMILY, size * EM * FINE)
        .into_font()
        .color(&rgba(color, 1.0))
}

fn rgba((red, green, blue): Rgb, alpha: f64) -> RGBAColor {
    RGBAColor(red, green, blue, alpha)
}

fn measure(text: &str, size: f64) -> Result<f64, FigureError> {
    let (width, _) = style(size, (0, 0, 0))
        .font
        .transform(FontTransform::None)
        .box_size(text)
        .map_err(FigureError::new)?;
    Ok(f64::from(width) / FINE)
}

fn fine(value: f64) -> i32 {
    (value * FINE).round() as i32
}

fn place((x, y): Point) -> (i32, i32) {
    (fine(x), fine(y))
}

impl Figure {
    fn sheet(&self, theme: Theme, language: Language) -> Result<Sheet, FigureError> {
        if !*REGISTERED {
            return Err(FigureError::new("its font cannot be read"));
        }
        lay_out(self, theme.colors(), language, &measure)
    }

    /// As SVG: complete in itself, with a name for screen readers.
    ///
    /// # Errors
    /// When the backend fails.
    pub fn svg(&self, theme: Theme, language: Language) -> Result<String, FigureError> {
        let sheet = self.sheet(theme, language)?;
        let (width, height) = (fine(WIDTH), fine(sheet.height));
        let mut text = String::new();
        {
            let size = (width.unsigned_abs(), height.unsigned_abs());
            let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
            paint(&area, &sheet, theme.colors())?;
        }
        // The backend's own head has no name and no size of ours.
        let (_, body) = text
            .split_once("<svg ")
            .and_then(|(_, rest)| rest.split_once('>'))
            .ok_or_else(|| FigureError::new("the backend wrote no SVG"))?;
        let name = escaped(&self.title);
        let height_shown = sheet.height;
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height_shown}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\" \
             stroke-linejoin=\"round\">{body}"
        ))
    }

    /// As PNG, two of its pixels for one of the SVG's.
    ///
    /// # Errors
    /// When the backend or the encoder fails.
    pub fn png(&self, theme: Theme, language: Language) -> Result<Vec<u8>, FigureError> {
        let mut sheet = self.sheet(theme, language)?;
        sheet.shapes = sheet.shapes.into_iter().flat_map(blunt).collect();
        // Even, since two by two become one.
        let (width, height) = (
            fine(WIDTH).unsigned_abs() as usize,
            (fine(sheet.height).unsigned_abs() as usize).next_multiple_of(2),
        );
        let mut pixels = vec![0; width * height * 3];
        {
            let size = (
                fine(WIDTH).unsigned_abs(),
                u32::try_from(height).map_err(FigureError::new)?,
            );
            let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
            paint(&area, &sheet, theme.colors())?;
        }
        let half = halved(&pixels, width);
        let (width, height) = (width / 2, height / 2);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(
            &mut file,
            u32::try_from(width).map_err(FigureError::new)?,
            u32::try_from(height).map_err(FigureError::new)?,
        );
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(FigureError::new)?;
        writer.write_image_data(&half).map_err(FigureError::new)?;
        writer.finish().map_err(FigureError::new)?;
        Ok(file)
    }
}

/// Where a path turns back the bitmap backend brings its edges to a point, which may lie far off:
/// there it ends, and another begins.
fn blunt(shape: Shape) -> Vec<Shape> {
    let Shape::Path {
        points,
        color,
        alpha,
        width,
    } = shape
    else {
        return vec![shape];
    };
    let mut paths: Vec<Vec<Point>> = Vec::new();
    let mut path: Vec<Point> = Vec::new();
    for point in points {
        if let [.., before, at] = path[..] {
            let (from, to) = (
                (at.0 - before.0, at.1 - before.1),
                (point.0 - at.0, point.1 - at.1),
            );
            if from.0 * to.0 + from.1 * to.1 < 0.0 {
                paths.push(std::mem::replace(&mut path, vec![at]));
            }
        }
        path.push(point);
    }
    paths.push(path);
    paths
        .into_iter()
        .map(|points| Shape::Path {
            points,
            color,
            alpha,
            width,
        })
        .collect()
}

/// The mean of each two by two pixels: smooth edges, which the backend does not draw.
fn halved(pixels: &[u8], width: usize) -> Vec<u8> {
    let mean = |a: u8, b: u8, c: u8, d: u8| {
        let sum = u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d);
        (sum / 4) as u8
    };
    let mut half = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels.chunks_exact(width * 6) {
        let (upper, lower) = rows.split_at(width * 3);
        let (upper, lower) = (upper.as_chunks().0, lower.as_chunks().0);
        for ([r, g, b, r2, g2, b2], [r3, g3, b3, r4, g4, b4]) in upper.iter().zip(lower) {
            half.extend_from_slice(&[
                mean(*r, *r2, *r3, *r4),
                mean(*g, *g2, *g3, *g4),
                mean(*b, *b2, *b3, *b4),
            ]);
        }
    }
    half
}

fn paint<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    sheet: &Sheet,
    colors: &Colors,
) -> Result<(), FigureError> {
    let (width, height) = area.dim_in_pixel();
    let whole = [
        (0, 0),
        (
            i32::try_from(width).map_err(FigureError::new)?,
            i32::try_from(height).map_err(FigureError::new)?,
        ),
    ];
    area.draw(&Rectangle::new(whole, rgba(colors.surface, 1.0).filled()))
        .map_err(FigureError::new)?;
    for shape in &sheet.shapes {
        match shape {
            Shape::Path {
                points,
                color,
                alpha,
                width,
            } => {
                let style = ShapeStyle {
                    color: rgba(*color, *alpha),
                    filled: false,
                    stroke_width: fine(*width).unsigned_abs(),
                };
                let points: Vec<_> = points.iter().copied().map(place).collect();
                area.draw(&PathElement::new(points, style))
            }
            Shape::Area { points, color } => {
                let points: Vec<_> = points.iter().copied().map(place).collect();
                area.draw(&Polygon::new(points, rgba(*color, 1.0).filled()))
            }
            Shape::Dot {
                at,
                radius,
                color,
                alpha,
            } => area.draw(&Circle::new(
                place(*at),
                fine(*radius),
                rgba(*color, *alpha).filled(),
            )),
            Shape::Text {
                text,
                at,
                size,
                color,
                to,
            } => {
                let side = match to {
                    Side::Right => HPos::Left,
                    Side::Left => HPos::Right,
                    Side::Middle => HPos::Center,
                };
                let style = style(*size, *color).pos(Pos::new(side, VPos::Center));
                area.draw(&Text::new(text.clone(), place(*at), style))
            }
        }
        .map_err(FigureError::new)?;
    }
    area.present().map_err(FigureError::new)
}
