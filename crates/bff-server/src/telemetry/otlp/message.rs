//! Families of an exposition as OTLP metrics, by OpenTelemetry's "Prometheus and OpenMetrics Compatibility".
//!
//! Names keep Prometheus's suffixes (`_total`, `_seconds`), so that a query means the same in both worlds.

use super::exposition::{Example, Family, Labels, Sample};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Exemplar, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, Sum, exemplar, metric::Data, number_data_point,
    },
};

/// From when to when the values count, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) now: u64,
}

/// One metric for each family; `None` for a family of a kind that this process does not write.
pub(super) fn metric(family: &Family<'_>, span: Span) -> Option<Metric> {
    let sum = |is_monotonic| {
        let temporality = AggregationTemporality::Cumulative.into();
        let data_points = family.samples.iter().map(|sample| number(sample, span)).collect();
        Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic })
    };
    let (suffix, data) = match family.kind {
        "counter" => ("_total", sum(true)),
        "info" => ("_info", sum(false)),
        "gauge" => {
            // The value of a moment has no beginning.
            let span = Span { start: 0, ..span };
            let data_points = family.samples.iter().map(|sample| number(sample, span)).collect();
            ("", Data::Gauge(Gauge { data_points }))
        }
        "histogram" => ("", histogram(&family.samples, span)),
        _ => return None,
    };
    Some(Metric {
        name: format!("{}{suffix}", family.name),
        description: family.help.to_owned(),
        unit: unit(family.unit).to_owned(),
        data: Some(data),
        ..Metric::default()
    })
}

/// UCUM, which OTLP asks for.
fn unit(unit: &str) -> &str {
    match unit {
        "seconds" => "s",
        "bytes" => "By",
        other => other,
    }
}

fn number(sample: &Sample<'_>, span: Span) -> NumberDataPoint {
    use number_data_point::Value;
    // Counts are written without a point, measured values with one.
    let value = match sample.value.parse() {
        Ok(count) => Value::AsInt(count),
        Err(_) => Value::AsDouble(sample.value.parse().unwrap_or(f64::NAN)),
    };
    NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: span.start,
        time_unix_nano: span.now,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

/// Sum, count and buckets of one series stand behind each other; buckets count all below them, in OTLP what is in them.
fn histogram(samples: &[Sample<'_>], span: Span) -> Data {
    let mut data_points: Vec<HistogramDataPoint> = Vec::new();
    let mut below = 0;
    for sample in samples {
        let (bounds, labels): (Labels<'_>, Labels<'_>) =
            sample.labels.iter().cloned().partition(|(name, _)| *name == "le");
        if sample.name.ends_with("_sum") {
            below = 0;
            data_points.push(HistogramDataPoint {
                attributes: attributes(&labels),
                start_time_unix_nano: span.start,
                time_unix_nano: span.now,
                sum: sample.value.parse().ok(),
                ..HistogramDataPoint::default()
            });
        }
        let Some(point) = data_points.last_mut() else { continue };
        let count = sample.value.parse().unwrap_or_default();
        if sample.name.ends_with("_count") {
            point.count = count;
        }
        let Some((_, bound)) = bounds.first() else { continue };
        point.bucket_counts.push(count.saturating_sub(below));
        below = count;
        // The last bucket has no bound in OTLP.
        point.explicit_bounds.extend(bound.parse::<f64>().ok().filter(|bound| bound.is_finite()));
        point.exemplars.extend(sample.exemplar.as_ref().map(exemplar));
    }
    let temporality = AggregationTemporality::Cumulative.into();
    Data::Histogram(Histogram { data_points, aggregation_temporality: temporality })
}

fn exemplar(example: &Example<'_>) -> Exemplar {
    let trace = example.labels.iter().find(|(name, _)| *name == "trace_id");
    let trace = trace.and_then(|(_, id)| u128::from_str_radix(id, 16).ok());
    let seconds: f64 = example.time.parse().unwrap_or_default();
    Exemplar {
        time_unix_nano: (seconds * 1e9) as u64,
        value: example.value.parse().ok().map(exemplar::Value::AsDouble),
        trace_id: trace.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
        ..Exemplar::default()
    }
}

fn attributes(labels: &Labels<'_>) -> Vec<KeyValue> {
    let attribute = |(name, value): &(&str, std::borrow::Cow<'_, str>)| KeyValue {
        key: (*name).to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_string())) }),
        ..KeyValue::default()
    };
    labels.iter().map(attribute).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::exposition::read, *};

    const SPAN: Span = Span { start: 5, now: 9 };

    fn only(text: &str) -> Metric {
        metric(&read(text).unwrap()[0], SPAN).unwrap()
    }

    #[test]
    fn a_counter_is_a_monotonic_sum_since_the_start() {
        let text = "# HELP bff_sent Sent.\n# TYPE bff_sent_bytes counter\n# UNIT bff_sent_bytes bytes\n\
                    bff_sent_bytes_total{endpoint=\"home\"} 12\n";
        let metric = only(text);
        assert_eq!((metric.name.as_str(), metric.unit.as_str()), ("bff_sent_bytes_total", "By"));
        let Some(Data::Sum(sum)) = metric.data else { panic!("{metric:?}") };
        assert!(sum.is_monotonic);
        assert_eq!(sum.aggregation_temporality, AggregationTemporality::Cumulative as i32);
        let point = &sum.data_points[0];
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (5, 9));
        assert_eq!(point.value, Some(number_data_point::Value::AsInt(12)));
        assert_eq!(point.attributes[0].key, "endpoint");
    }

    #[test]
    fn buckets_hold_what_is_in_them_and_examples_their_trace() {
        let series = |of: &str| {
            format!(
                "a_sum{{of=\"{of}\"}} 1.5\na_count{{of=\"{of}\"}} 3\na_bucket{{le=\"0.1\",of=\"{of}\"}} 1\n\
                 a_bucket{{le=\"1.0\",of=\"{of}\"}} 3 # {{trace_id=\"0af7651916cd43dd8448eb211c80319c\"}} 0.7 2.5\n\
                 a_bucket{{le=\"+Inf\",of=\"{of}\"}} 3\n"
            )
        };
        let metric = only(&format!("# TYPE a histogram\n{}{}", series("x"), series("y")));
        let Some(Data::Histogram(histogram)) = metric.data else { panic!("{metric:?}") };
        assert_eq!(histogram.data_points.len(), 2);
        for point in &histogram.data_points {
            assert_eq!((point.count, point.sum), (3, Some(1.5)));
            assert_eq!(point.bucket_counts, [1, 2, 0]);
            assert_eq!(point.explicit_bounds, [0.1, 1.0]);
            let id = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128;
            assert_eq!(point.exemplars[0].trace_id, id.to_be_bytes());
            assert_eq!(point.exemplars[0].time_unix_nano, 2_500_000_000);
        }
    }
}
