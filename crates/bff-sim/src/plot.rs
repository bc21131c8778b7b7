//! Lines over time or over anything else, as SVG inside the page.

use std::fmt::Write;

/// A picture.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: Axis,
    /// Only its range and its numbers; its name is in the title.
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Stretches of the x axis in which something is the matter.
    pub(crate) bands: Vec<Band>,
}

/// One axis: its name, and the values to write at it, the first and the last at its ends.
#[derive(Debug)]
pub(crate) struct Axis {
    pub(crate) name: &'static str,
    pub(crate) marks: Vec<(f64, String)>,
}

/// A named line through points.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A stretch of the x axis, with what is the matter.
#[derive(Debug)]
pub(crate) struct Band {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) name: String,
}

impl Axis {
    /// From `from` to `to`, in so many steps.
    pub(crate) fn between(name: &'static str, from: f64, to: f64, steps: u8) -> Self {
        let mark = |step: u8| from + (to - from) * f64::from(step) / f64::from(steps);
        let digits = usize::from((to - from) / f64::from(steps) < 1.0);
        Self {
            name,
            marks: (0..=steps).map(mark).map(|at| (at, format!("{at:.digits$}"))).collect(),
        }
    }

    /// From zero to a round number that no line is above.
    pub(crate) fn over(lines: &[Line]) -> Self {
        let values = lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        Self::between("", 0.0, round_up(values.fold(f64::MIN_POSITIVE, f64::max)), 4)
    }

    fn ends(&self) -> (f64, f64) {
        let end = |mark: Option<&(f64, String)>| mark.map_or(0.0, |mark| mark.0);
        (end(self.marks.first()), end(self.marks.last()))
    }

    /// Where `value` is, from 0 to 1; what is beyond an end is drawn at it.
    fn place(&self, value: f64) -> f64 {
        let (from, to) = self.ends();
        ((value - from) / (to - from)).clamp(0.0, 1.0)
    }
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 708.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 286.0;

impl Plot {
    /// The figure with its legend.
    pub(crate) fn render(&self) -> String {
        let title = escape(&self.title);
        let mut svg = format!("<figure><figcaption>{title}</figcaption><p class='legend'>");
        // Writing into a String cannot fail.
        for (place, line) in self.lines.iter().enumerate() {
            let _ = write!(svg, "<span><i class='l{place}'></i>{}</span>", escape(line.name));
        }
        let _ =
            write!(svg, "</p><svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{title}'>");
        self.draw_bands(&mut svg);
        self.draw_axes(&mut svg);
        self.draw_lines(&mut svg);
        svg + "</svg></figure>"
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - self.y.place(value) * (BOTTOM - TOP)
    }

    fn draw_bands(&self, svg: &mut String) {
        for Band { from, to, name } in &self.bands {
            let (from, to) = (self.x(*from), self.x(*to));
            let (width, height, middle) = (to - from, BOTTOM - TOP, f64::midpoint(from, to));
            let _ = write!(
                svg,
                "<rect x='{from:.1}' y='{TOP}' width='{width:.1}' height='{height}' class='band'/>\
                 <text x='{middle:.1}' y='{:.0}' class='tick' text-anchor='middle'>{}</text>",
                TOP - 7.0,
                escape(name)
            );
        }
    }

    fn draw_axes(&self, svg: &mut String) {
        for (value, text) in &self.y.marks {
            let at = self.y(*value);
            let _ = write!(
                svg,
                "<line x1='{LEFT}' x2='{RIGHT}' y1='{at:.1}' y2='{at:.1}' class='grid'/>\
                 <text x='{:.0}' y='{:.1}' class='tick' text-anchor='end'>{text}</text>",
                LEFT - 8.0,
                at + 4.0
            );
        }
        for (value, text) in &self.x.marks {
            let (at, below) = (self.x(*value), BOTTOM + 18.0);
            let _ = write!(
                svg,
                "<text x='{at:.1}' y='{below}' class='tick' text-anchor='middle'>{text}</text>"
            );
        }
        let (middle, below) = (f64::midpoint(LEFT, RIGHT), HEIGHT - 6.0);
        let name = escape(self.x.name);
        let _ = write!(
            svg,
            "<text x='{middle}' y='{below}' class='tick' text-anchor='middle'>{name}</text>"
        );
    }

    fn draw_lines(&self, svg: &mut String) {
        // The first line is what the picture is about, and lies on top.
        for (place, line) in self.lines.iter().enumerate().rev() {
            let points: Vec<_> = line
                .points
                .iter()
                .map(|(x, y)| format!("{:.1},{:.1}", self.x(*x), self.y(*y)))
                .collect();
            let _ = write!(svg, "<polyline points='{}' class='line l{place}'/>", points.join(" "));
        }
    }
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
    fn points_lie_between_the_ends_of_the_axes() {
        let lines =
            vec![Line { name: "a & b", points: vec![(0.0, 0.0), (10.0, 7.0), (99.0, 8.0)] }];
        let (x, y) = (Axis::between("s", 0.0, 10.0, 5), Axis::over(&lines));
        let plot = Plot { title: "<t>".to_owned(), x, y, lines, bands: Vec::new() };
        let svg = plot.render();
        assert!(svg.contains("points='58.0,286.0 708.0,55.0 708.0,22.0'"), "{svg}");
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;t>"), "{svg}");
    }
}
