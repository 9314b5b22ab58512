//! What was sampled as a table, a picture and a judgement. Flat means: within the lives of the server, after a warm-up, the
//! fitted growth stays within a share of the mean and a stated slack.

/// Seconds after a start that do not count: caches fill, the allocator finds its size.
pub(super) const WARM_UP_SECONDS: f64 = 45.0;
/// Growth within one life that counts as flat, as a share of the mean.
const SHARE_MAX: f64 = 0.10;

/// What is sampled, with the growth per life that is always allowed. The disk grows by what is booked, a segment of 16 MiB
/// at a time.
const NAMES: [(&str, f64); 4] = [
    ("resident_kib", 8_192.0),
    ("descriptors", 6.0),
    ("threads", 2.0),
    ("disk_kib", 32_768.0),
];

/// One second.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at_seconds: f64,
    pub(super) life: u32,
    pub(super) values: [f64; 4],
}

/// The judgement on one figure.
#[derive(Debug, Clone)]
pub(super) struct Line {
    name: &'static str,
    mean: f64,
    growth: f64,
    bound: f64,
    counted: usize,
    pub(super) flat: bool,
}

/// Samples of each life after its warm-up, with the time since its start.
fn warm(samples: &[Sample]) -> Vec<Vec<(f64, [f64; 4])>> {
    let lives = samples.last().map_or(0, |sample| sample.life + 1);
    (0..lives)
        .map(|life| {
            let own: Vec<&Sample> = samples.iter().filter(|sample| sample.life == life).collect();
            let begin = own.first().map_or(0.0, |sample| sample.at_seconds);
            own.iter()
                .map(|sample| (sample.at_seconds - begin, sample.values))
                .filter(|(at, _)| *at >= WARM_UP_SECONDS)
                .collect()
        })
        .collect()
}

/// Fits one slope to all lives together, each around its own mean, and judges the growth over the longest of them.
pub(super) fn verdict(samples: &[Sample]) -> Vec<Line> {
    let lives = warm(samples);
    let figure = |index: usize, name, slack: f64| {
        let value = |values: &[f64; 4]| values.get(index).copied().unwrap_or(0.0);
        let (mut upper, mut lower, mut sum, mut counted, mut longest) = (0.0, 0.0, 0.0, 0_usize, 0.0_f64);
        for life in lives.iter().filter(|life| life.len() > 1) {
            let count = size(life.len());
            let mean_at = life.iter().map(|(at, _)| at).sum::<f64>() / count;
            let mean = life.iter().map(|(_, values)| value(values)).sum::<f64>() / count;
            for (at, values) in life {
                upper += (at - mean_at) * (value(values) - mean);
                lower += (at - mean_at).powi(2);
                longest = longest.max(*at);
            }
            sum += mean * count;
            counted += life.len();
        }
        let mean = sum / size(counted.max(1));
        let growth = if lower > 0.0 { upper / lower * longest } else { 0.0 };
        let bound = slack + SHARE_MAX * mean;
        Line {
            name,
            mean,
            growth,
            bound,
            counted,
            flat: counted > 0 && growth <= bound,
        }
    };
    NAMES
        .iter()
        .enumerate()
        .map(|(index, (name, slack))| figure(index, *name, *slack))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples are small")]
const fn size(count: usize) -> f64 {
    count as f64
}

/// One line per figure.
pub(super) fn in_words(verdict: &[Line]) -> String {
    let mut text = String::new();
    for line in verdict {
        let Line {
            name,
            mean,
            growth,
            bound,
            counted,
            flat,
        } = line;
        let word = if *flat { "flat" } else { "GROWS" };
        text.push_str(&format!(
            "{name}: mean {mean:.0}, growth per life after the warm-up {growth:.1} (bound {bound:.1}), {counted} samples: {word}\n"
        ));
    }
    text
}

/// All samples as comma-separated values.
pub(super) fn csv(samples: &[Sample]) -> String {
    let mut text = String::from("seconds,life");
    for (name, _) in NAMES {
        text.push(',');
        text.push_str(name);
    }
    text.push('\n');
    for sample in samples {
        text.push_str(&format!("{:.1},{}", sample.at_seconds, sample.life));
        for value in sample.values {
            text.push_str(&format!(",{value}"));
        }
        text.push('\n');
    }
    text
}

/// One band per figure, from zero to its largest value.
pub(super) fn plot(samples: &[Sample]) -> String {
    let mut text = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 640\" font-family=\"sans-serif\" font-size=\"13\">\n",
    );
    let last = samples.last().map_or(1.0, |sample| sample.at_seconds.max(1.0));
    for (index, (name, _)) in NAMES.iter().enumerate() {
        let value = |sample: &Sample| sample.values.get(index).copied().unwrap_or(0.0);
        let most = samples.iter().map(value).fold(1.0, f64::max);
        let bottom = 150.0 + 160.0 * size(index);
        let points: Vec<String> = samples
            .iter()
            .map(|sample| {
                format!(
                    "{:.1},{:.1}",
                    sample.at_seconds / last * 880.0 + 10.0,
                    bottom - value(sample) / most * 120.0
                )
            })
            .collect();
        text.push_str(&format!(
            "<text x=\"10\" y=\"{:.0}\">{name}, 0 to {most:.0} over {last:.0} s</text>\n<polyline fill=\"none\" stroke=\"#1f5fa8\" points=\"{}\"/>\n",
            bottom - 126.0,
            points.join(" ")
        ));
    }
    text.push_str("</svg>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(growth_per_second: f64) -> Vec<Sample> {
        let one = |second: u32| Sample {
            at_seconds: f64::from(second),
            life: second / 150,
            values: [
                50_000.0 + growth_per_second * f64::from(second % 150),
                40.0,
                12.0,
                20_000.0,
            ],
        };
        (0..300).map(one).collect()
    }

    #[test]
    fn what_stays_is_flat_and_what_grows_is_not() {
        assert!(verdict(&samples(0.0)).iter().all(|line| line.flat));
        let grown = verdict(&samples(200.0));
        let flat: Vec<bool> = grown.iter().map(|line| line.flat).collect();
        assert_eq!(flat, [false, true, true, true]);
    }

    #[test]
    fn nothing_sampled_is_not_called_flat() {
        assert!(verdict(&[]).iter().all(|line| !line.flat));
    }
}
