//! Figures of one server, and the table of all.

use super::crowd::Counted;
use super::rounds::Shape;
use super::servers::Kind;
use std::time::Duration;

/// Prints one line.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Delays, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Percentiles([f64; 3]);

impl Percentiles {
    /// p50, p99, p99.9, nearest rank.
    pub(crate) fn of(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        let at = |per_mille: usize| {
            let rank = (micros.len() * per_mille).div_ceil(1_000).saturating_sub(1);
            f64::from(micros.get(rank).copied().unwrap_or_default()) / 1_000.0
        };
        Self([at(500), at(990), at(999)])
    }

    fn text(self) -> String {
        self.0.map(|ms| format!("{ms:.2}")).join(" / ")
    }
}

/// What was measured of one server, a value per round.
#[derive(Debug)]
pub(crate) struct Figures {
    kind: Kind,
    /// Processor microseconds per delivery: seconds per million.
    micros_per_delivery: Vec<f64>,
    per_second: Vec<f64>,
    bytes_per_delivery: f64,
    pub(crate) half: Option<Percentiles>,
    overload_micros_per_delivery: Vec<f64>,
    overload: Option<Percentiles>,
}

impl Figures {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            micros_per_delivery: Vec::new(),
            per_second: Vec::new(),
            bytes_per_delivery: 0.0,
            half: None,
            overload_micros_per_delivery: Vec::new(),
            overload: None,
        }
    }

    pub(crate) fn saturated(&mut self, used: Duration, elapsed: Duration, counted: &Counted) {
        let deliveries = counted.deliveries as f64;
        self.micros_per_delivery.push(used.as_secs_f64() * 1e6 / deliveries);
        self.per_second.push(deliveries / elapsed.as_secs_f64());
        self.bytes_per_delivery = counted.bytes as f64 / deliveries;
    }

    pub(crate) fn overload(&mut self, used: Duration, counted: Counted) {
        let deliveries = counted.deliveries as f64;
        self.overload_micros_per_delivery
            .push(used.as_secs_f64() * 1e6 / deliveries);
        self.overload = Some(Percentiles::of(counted.micros));
    }

    pub(crate) fn deliveries_per_second(&self) -> f64 {
        median(self.per_second.clone())
    }
}

/// Prints the table. The first server is the reference; ratios are medians of the rounds' own ratios.
pub(crate) fn table(shape: &Shape, all: &[&Figures]) {
    let Some(reference) = all.first() else { return };
    line(&format!(
        "\n{} x {} boards, {} rounds",
        shape.topics,
        shape.readers_per_topic,
        reference.per_second.len()
    ));
    line(
        "| server | CPU s per 1M | ratio | deliveries/s | bytes each | p50 / p99 / p99.9 ms at half | overload us each | ratio | p50 / p99 / p99.9 ms |",
    );
    line("|---|---|---|---|---|---|---|---|---|");
    for figures in all {
        let cells = [
            figures.kind.name().to_owned(),
            spread(&figures.micros_per_delivery),
            ratio(&figures.micros_per_delivery, &reference.micros_per_delivery),
            format!("{:.0}", figures.deliveries_per_second()),
            format!("{:.0}", figures.bytes_per_delivery),
            figures.half.map_or_else(String::new, Percentiles::text),
            spread(&figures.overload_micros_per_delivery),
            ratio(
                &figures.overload_micros_per_delivery,
                &reference.overload_micros_per_delivery,
            ),
            figures.overload.map_or_else(String::new, Percentiles::text),
        ];
        line(&format!("| {} |", cells.join(" | ")));
    }
}

/// Median, and lowest to highest.
fn spread(values: &[f64]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(0.0, f64::max);
    format!("{:.2} ({lowest:.2}-{highest:.2})", median(values.to_vec()))
}

fn ratio(values: &[f64], reference: &[f64]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let ratios = values.iter().zip(reference).map(|(value, reference)| value / reference);
    format!("{:.2}", median(ratios.collect()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied().unwrap_or_default();
    let lower = values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or_default();
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios_are_of_the_same_round() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(ratio(&[2.0, 8.0, 3.0], &[1.0, 2.0, 3.0]), "2.00");
        assert_eq!(spread(&[3.0, 1.0, 2.0]), "2.00 (1.00-3.00)");
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        assert_eq!(Percentiles::of((1..=1_000).rev().collect()).0, [0.5, 0.99, 0.999]);
    }
}
