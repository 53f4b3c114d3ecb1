//! Reports as they leave the console: a page, and its figures one by one.
//!
//! **Invariant:** knows no store and reads no file. What comes out is complete in itself: a page
//! has no script and asks for nothing, and whatever people, scripts or runs wrote stands in it as
//! text. Figures need no font of the system.
//!
//! **API boundary:** a [`Page`] becomes HTML, a [`Figure`] becomes SVG or PNG.

mod axis;
mod figure;
mod layout;
mod markdown;
mod page;
mod palette;
mod table;
mod words;

pub use axis::{XAxis, moment};
pub use figure::{Figure, FigureError, Line, Theme};
pub use page::{Page, Part};
pub use palette::{Look, looks};
pub use table::{Cell, Column, Table};
pub use words::Language;
