//! Pictures of figures, as SVG inside the page: bars to compare, lines to see whether something grows straight.

use std::fmt::Write;

/// One bar: its name, its value, and what to write at its end.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) label: String,
    pub(crate) kind: Kind,
}

/// How a bar is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Floor,
    Other,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "floor",
            Self::Other => "other",
        }
    }
}

const WIDTH: f64 = 640.0;
const ROW: f64 = 48.0;
/// What a label at the end of the longest bar needs.
const LABEL: f64 = 200.0;

/// Bars below each other; the names stand above them, so that they fit on a phone.
pub(crate) fn bars(title: &str, bars: &[Bar]) -> String {
    let largest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let height = ROW * bars.len() as f64 + 4.0;
    let mut svg = open(title, height);
    for (place, bar) in bars.iter().enumerate() {
        let (y, class) = (ROW * place as f64, bar.kind.class());
        let width = (bar.value.max(0.0) / largest * (WIDTH - LABEL)).max(1.0);
        let (name, label) = (escape(&bar.name), escape(&bar.label));
        let (text, top, end, middle) = (y + 18.0, y + 24.0, width + 7.0, y + 38.0);
        // Writing into a String cannot fail.
        let _ = write!(
            svg,
            "<text x='0' y='{text:.0}' class='name'>{name}</text>\
             <rect x='0' y='{top:.0}' width='{width:.1}' height='16' rx='2' class='{class}'/>\
             <text x='{end:.1}' y='{middle:.0}' class='label'>{label}</text>"
        );
    }
    svg + "</svg></figure>"
}

/// A named line through points `(x, y)`.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const HEIGHT: f64 = 340.0;
const LEFT: f64 = 58.0;
const BOTTOM: f64 = 300.0;
const TOP: f64 = 14.0;
const RIGHT: f64 = 560.0;

/// Lines over a common axis from zero.
pub(crate) fn lines(title: &str, x_name: &str, lines: &[Line]) -> String {
    let largest = |of: fn(&(f64, f64)) -> f64| {
        lines.iter().flat_map(|line| &line.points).map(of).fold(f64::MIN_POSITIVE, f64::max)
    };
    let (most_x, most_y) = (largest(|point| point.0), round_up(largest(|point| point.1)));
    let x = |value: f64| LEFT + value / most_x * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - value / most_y * (BOTTOM - TOP);
    let mut svg = open(title, HEIGHT);
    for step in 0..=4_u8 {
        let value = most_y * f64::from(step) / 4.0;
        let (at, text) = (y(value), y(value) + 4.0);
        let _ = write!(
            svg,
            "<line x1='{LEFT}' x2='{RIGHT}' y1='{at:.1}' y2='{at:.1}' class='grid'/>\
             <text x='{:.0}' y='{text:.1}' class='tick' text-anchor='end'>{value:.0}</text>",
            LEFT - 8.0
        );
    }
    for (value, _) in lines.first().into_iter().flat_map(|line| &line.points) {
        let (at, text) = (x(*value), BOTTOM + 18.0);
        let _ = write!(
            svg,
            "<text x='{at:.1}' y='{text}' class='tick' text-anchor='middle'>{value:.0}</text>"
        );
    }
    let (middle, below) = (f64::midpoint(LEFT, RIGHT), HEIGHT - 4.0);
    let _ = write!(
        svg,
        "<text x='{middle}' y='{below}' class='tick' text-anchor='middle'>{}</text>",
        escape(x_name)
    );
    // Lines come from the lowest to the highest: a name moves up when it would cover the one before.
    let mut free = f64::MAX;
    for (place, line) in lines.iter().enumerate() {
        let at: Vec<_> = line.points.iter().map(|point| (x(point.0), y(point.1))).collect();
        let path: Vec<_> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(svg, "<polyline points='{}' class='line l{place}'/>", path.join(" "));
        for (x, y) in &at {
            let _ = write!(svg, "<circle cx='{x:.1}' cy='{y:.1}' r='3.5' class='l{place}'/>");
        }
        if let Some((x, y)) = at.last() {
            let (x, y, name) = (x + 8.0, (y + 4.0).min(free), escape(&line.name));
            free = y - 20.0;
            let _ = write!(svg, "<text x='{x:.1}' y='{y:.1}' class='label'>{name}</text>");
        }
    }
    svg + "</svg></figure>"
}

fn open(title: &str, height: f64) -> String {
    let title = escape(title);
    format!(
        "<figure><figcaption>{title}</figcaption>\
         <svg viewBox='0 0 {WIDTH} {height}' role='img' aria-label='{title}'>"
    )
}

/// The next number that four steps divide well.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(10.0 * power)
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers_above_the_largest_value() {
        for (value, end) in [(1.0, 1.0), (37.0, 40.0), (190.0, 200.0), (410.0, 600.0), (9.9, 10.0)]
        {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}: {}", round_up(value));
        }
    }

    #[test]
    fn the_longest_bar_leaves_room_for_its_label_and_names_are_text() {
        let bar = Bar { name: "<a & b>".into(), value: 5.0, label: "5".into(), kind: Kind::Ours };
        let svg = bars("t", &[bar]);
        assert!(svg.contains("width='440.0'") && svg.contains("&lt;a &amp; b>"), "{svg}");
    }
}
