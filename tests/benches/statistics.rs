//! Quantiles, and medians of them over repeats.

/// Samples of one thing, in nanoseconds, of several repeats.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    repeats: Vec<Vec<f64>>,
}

impl Samples {
    /// Adds the samples of one repeat.
    pub(crate) fn add(&mut self, mut samples: Vec<f64>) {
        samples.sort_by(f64::total_cmp);
        self.repeats.push(samples);
    }

    /// The median over the repeats of a quantile: `0.5` or `0.99`.
    pub(crate) fn quantile(&self, quantile: f64) -> f64 {
        median(self.repeats.iter().map(|repeat| at(repeat, quantile)).collect())
    }

    /// The same samples with a constant cost of measuring taken off.
    pub(crate) fn less(&self, overhead: f64) -> Self {
        let less = |repeat: &Vec<f64>| repeat.iter().map(|sample| (sample - overhead).max(0.0)).collect();
        Self { repeats: self.repeats.iter().map(less).collect() }
    }

    /// Samples of all repeats.
    pub(crate) fn count(&self) -> usize {
        self.repeats.iter().map(Vec::len).sum()
    }
}

/// The smallest sample that at least `quantile` of all are no larger than.
fn at(sorted: &[f64], quantile: f64) -> f64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The one in the middle; of an even number, the lower of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    at(&values, 0.5)
}
