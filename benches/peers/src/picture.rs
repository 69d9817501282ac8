//! The picture in the README: the time of each row for one unit, in multiples of the floor.

use std::fmt::Write;

const LABELS: usize = 300;
const BARS: usize = 420;
const ROW: usize = 24;

/// Draws one bar per row, on a logarithmic scale: the slowest takes hundreds of times the fastest.
pub fn draw(title: &str, rows: &[(String, f64)]) -> String {
    let mut rows: Vec<_> = rows.iter().filter(|(_, times)| times.is_finite() && *times > 0.0).collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let most = rows.last().map_or(1.0, |(_, times)| *times).max(10.0);
    let (width, height) = (LABELS + BARS + 80, ROW * (rows.len() + 2));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"22\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    for ((name, times), number) in rows.iter().zip(1..) {
        let (top, ours) = (ROW * number + 12, name.contains("traceline"));
        // A row as fast as the floor still gets a visible bar.
        let bar = 4 + (times.max(1.0).log10() / most.log10() * (BARS - 4) as f64) as usize;
        let (color, weight) = if ours { ("#1f6feb", "bold") } else { ("#9aa5b1", "normal") };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-weight=\"{weight}\">{}</text>\
             <rect x=\"{LABELS}\" y=\"{top}\" width=\"{bar}\" height=\"16\" rx=\"2\" fill=\"{color}\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            LABELS - 8,
            top + 13,
            escaped(&name.replace(['*', '`'], "")),
            LABELS + bar + 6,
            top + 13,
            crate::report::short(*times),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
