//! Order statistics and the tables that are printed.

/// The value below which `part` of the samples lie.
pub fn quantile(samples: &[f64], part: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count => sorted[((count as f64 * part) as usize).min(count - 1)],
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
    }
}

/// The median of the ratios of samples that were taken in the same round.
pub fn paired_ratio(of: &[f64], to: &[f64]) -> f64 {
    median(&of.iter().zip(to).map(|(a, b)| a / b).collect::<Vec<_>>())
}

/// The median over the runs of the ratio of medians; each has a list of samples for each run. Where one of them has none in a run, that
/// run does not count.
pub fn ratio(of: &[Vec<f64>], to: &[Vec<f64>]) -> f64 {
    let runs = of.iter().zip(to).filter(|(of, to)| !of.is_empty() && !to.is_empty());
    median(&runs.map(|(of, to)| median(of) / median(to)).collect::<Vec<_>>())
}

/// The geometric mean.
pub fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

/// Three significant digits.
pub fn short(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "–".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Prints a table in Markdown; the first column is text, the others are numbers.
pub fn print_table(head: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", head.join(" | "));
    println!("| --- |{}", " ---: |".repeat(head.len() - 1));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

/// The straight line `start + slope * x` with the least squares of its relative errors, so that small and large points weigh alike.
pub fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, y) in points {
        let weight = 1.0 / (y * y);
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    let slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
    ((wy - slope * wx) / w, slope)
}

/// Prints the line through the points of each kind, in µs and KB, and returns them for the record.
pub fn print_lines(kinds: &[(&str, Vec<(f64, f64)>)]) -> serde_json::Value {
    let mut record = serde_json::json!({});
    for (name, points) in kinds {
        let (start, slope) = line(points);
        println!("The line {name}: {} µs and {} µs for each KB.", short(start), short(slope));
        record[*name] = serde_json::json!({ "start_us": start, "us_per_kb": slope });
    }
    println!("(Least squares of the relative errors.)\n");
    record
}
