//! The picture of the cold starts: `records/cold.svg`, drawn from `records/cold.json` and from nothing else, so that both always agree.
//!
//! One bar for each runtime from a common left edge, on a logarithmic scale, with its ratio to the floor and its time behind it. Text is in
//! whatever sans-serif font the reader has; the colours follow the reader's light or dark scheme.

use crate::Bench;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt::Write as _;

const WIDTH: f64 = 860.0;
/// Where the bars begin, and where the longest may end: behind it stands its text.
const LEFT: f64 = 280.0;
const RIGHT: f64 = 712.0;
const TOP: f64 = 62.0;
const ROW: f64 = 28.0;
const BAR: f64 = 18.0;

const STYLE: &str = "
text { font: 14px system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.ratio { font-weight: 600 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.floor { fill: #818b98 }
.ours { fill: #0969da }
.other { fill: #d4a72c }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.small { fill: #9198a1 }
.grid { stroke: #3d444d }
.floor { fill: #9198a1 }
.ours { fill: #4493f8 }
.other { fill: #bb8009 }
}
";

/// Draws the record that is there.
pub fn draw(bench: &Bench) -> Result<()> {
    let folder = bench.root.join("bench/records");
    let record = std::fs::read_to_string(folder.join("cold.json")).context("bench/records/cold.json: `scripts/bench cold` makes it")?;
    let svg = svg(&serde_json::from_str(&record)?)?;
    let path = folder.join("cold.svg");
    std::fs::write(&path, svg)?;
    eprintln!("drawn to {}", path.display());
    Ok(())
}

fn svg(record: &Value) -> Result<String> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let number = |entry: &Value, name: &str| entry[name].as_f64().with_context(|| format!("no {name} in {entry}"));
    let rows = record["results"]["start"].as_array().context("the record has no start")?;
    let times = rows.iter().map(|row| number(row, "get_median_us")).collect::<Result<Vec<f64>>>()?;
    let (least, most) = times.iter().fold((f64::MAX, 0f64), |(least, most), time| (least.min(*time), most.max(*time)));
    // From the power of ten below the shortest bar, so that it has a length.
    let start = least.log10().floor();
    let scale = (RIGHT - LEFT) / (most.log10() - start);
    let x = |us: f64| LEFT + (us.log10() - start) * scale;

    let bottom = TOP + ROW * rows.len() as f64;
    let height = bottom + 58.0;
    let mut svg = String::new();
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"title\">\n<title id=\"title\">Cold start: from the spawn to the first GET /next, median, by runtime</title>\n\
         <style>{STYLE}</style>\n\
         <text class=\"title\" x=\"16\" y=\"28\">Cold start: from the spawn to the first GET /next</text>\n\
         <text class=\"small\" x=\"16\" y=\"47\">medians on a logarithmic scale, and their ratio to the floor: a static C program without an interpreter</text>"
    )?;
    for power in start as i32..=most.log10().floor() as i32 {
        let at = x(10f64.powi(power));
        writeln!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{:.1}\" x2=\"{at:.1}\" y2=\"{bottom:.1}\"/>\n\
             <text class=\"small\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} ms</text>",
            TOP - 2.0,
            bottom + 16.0,
            10f64.powi(power - 3)
        )?;
    }
    for (index, (row, time)) in rows.iter().zip(&times).enumerate() {
        let name = text(&row["name"]);
        let class = match name.split(',').next() {
            Some("floor") => "floor",
            Some("coldmoon") => "ours",
            _ => "other",
        };
        let y = TOP + ROW * index as f64 + (ROW - BAR) / 2.0;
        let ratio = number(row, "get_ratio")?;
        let decimals = usize::from(ratio < 100.0) + usize::from(ratio < 10.0);
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
             <rect class=\"{class}\" x=\"{LEFT:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\"><tspan class=\"ratio\">{ratio:.decimals$} ×</tspan><tspan class=\"small\" dx=\"7\">{} ms</tspan></text>",
            LEFT - 10.0,
            y + 14.0,
            escape(&name),
            x(*time) - LEFT,
            x(*time) + 8.0,
            y + 14.0,
            crate::stats::short(time / 1e3)
        )?;
    }
    let machine = &record["machine"];
    writeln!(
        svg,
        "<text class=\"small\" x=\"16\" y=\"{:.1}\">{}</text>\n</svg>",
        bottom + 44.0,
        escape(&format!(
            "bench/records/cold.json: {}, {} processors, {}, {}",
            text(&machine["cpu"]),
            machine["processors"],
            text(&machine["kernel"]),
            text(&machine["date"]).split('T').next().unwrap_or("")
        ))
    )?;
    Ok(svg)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
