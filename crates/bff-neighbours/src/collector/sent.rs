//! OTLP messages as tests look at them: texts and numbers.

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, NumberDataPoint, metric::Data, number_data_point},
    resource::v1::Resource,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;
use std::collections::BTreeMap;

/// Attributes or labels.
pub type Attributes = BTreeMap<String, String>;

/// One span.
#[derive(Debug, Clone)]
pub struct SentSpan {
    /// Its name.
    pub name: String,
    /// `Server`, `Client` or `Internal`.
    pub kind: String,
    /// In hexadecimal digits, as are the next two.
    pub trace_id: String,
    /// Its own id.
    pub span_id: String,
    /// Its parent's; empty without one.
    pub parent: String,
    /// From when to when, in nanoseconds since 1970.
    pub time: (u64, u64),
    /// What it failed of.
    pub error: Option<String>,
    /// What it tells.
    pub attributes: Attributes,
    /// Who sent it.
    pub resource: Attributes,
}

/// One metric.
#[derive(Debug, Clone)]
pub struct SentMetric {
    /// Its name.
    pub name: String,
    /// In UCUM: `s`, `By`.
    pub unit: String,
    /// `counter`, `sum`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// One for each combination of labels.
    pub points: Vec<SentPoint>,
    /// Who sent it.
    pub resource: Attributes,
}

/// One value.
#[derive(Debug, Clone, Default)]
pub struct SentPoint {
    /// What it is the value of.
    pub labels: Attributes,
    /// The number; of a histogram, the sum.
    pub value: f64,
    /// From when to when, in nanoseconds since 1970.
    pub time: (u64, u64),
    /// Of a histogram: how many there were.
    pub count: u64,
    /// Of a histogram: how many in each bucket.
    pub buckets: Vec<u64>,
    /// Of a histogram: the traces that are examples.
    pub traces: Vec<String>,
}

pub(super) fn spans(body: &[u8]) -> Vec<SentSpan> {
    let request = ExportTraceServiceRequest::decode(body).unwrap_or_default();
    let mut spans = Vec::new();
    for sent in request.resource_spans {
        let resource = of(sent.resource);
        let all = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(all.map(|one| span(one, &resource)));
    }
    spans
}

pub(super) fn metrics(body: &[u8]) -> Vec<SentMetric> {
    let request = ExportMetricsServiceRequest::decode(body).unwrap_or_default();
    let mut metrics = Vec::new();
    for sent in request.resource_metrics {
        let resource = of(sent.resource);
        let all = sent.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
        metrics.extend(all.map(|one| metric(one, &resource)));
    }
    metrics
}

fn span(span: Span, resource: &Attributes) -> SentSpan {
    let status = span.status.unwrap_or_default();
    let failed = status.code == i32::from(StatusCode::Error);
    SentSpan {
        kind: format!("{:?}", SpanKind::try_from(span.kind).unwrap_or_default()),
        name: span.name,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        time: (span.start_time_unix_nano, span.end_time_unix_nano),
        error: failed.then_some(status.message),
        attributes: attributes(span.attributes),
        resource: resource.clone(),
    }
}

fn metric(metric: Metric, resource: &Attributes) -> SentMetric {
    let numbers = |points: Vec<NumberDataPoint>| points.into_iter().map(number).collect();
    let (kind, points) = match metric.data {
        Some(Data::Sum(sum)) if sum.is_monotonic => ("counter", numbers(sum.data_points)),
        Some(Data::Sum(sum)) => ("sum", numbers(sum.data_points)),
        Some(Data::Gauge(gauge)) => ("gauge", numbers(gauge.data_points)),
        Some(Data::Histogram(histogram)) => {
            let points = histogram.data_points.into_iter().map(|point| SentPoint {
                labels: attributes(point.attributes),
                value: point.sum.unwrap_or_default(),
                time: (point.start_time_unix_nano, point.time_unix_nano),
                count: point.count,
                buckets: point.bucket_counts,
                traces: point.exemplars.iter().map(|example| hex(&example.trace_id)).collect(),
            });
            ("histogram", points.collect())
        }
        _ => ("unknown", Vec::new()),
    };
    SentMetric { name: metric.name, unit: metric.unit, kind, points, resource: resource.clone() }
}

fn number(point: NumberDataPoint) -> SentPoint {
    let value = match point.value {
        Some(number_data_point::Value::AsInt(value)) => value as f64,
        Some(number_data_point::Value::AsDouble(value)) => value,
        None => f64::NAN,
    };
    let time = (point.start_time_unix_nano, point.time_unix_nano);
    SentPoint { labels: attributes(point.attributes), value, time, ..SentPoint::default() }
}

fn of(resource: Option<Resource>) -> Attributes {
    attributes(resource.unwrap_or_default().attributes)
}

fn attributes(all: Vec<KeyValue>) -> Attributes {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        other => format!("{other:?}"),
    };
    let all = all.into_iter();
    all.map(|pair| (pair.key, text(pair.value.and_then(|value| value.value)))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
