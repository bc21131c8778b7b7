//! Traces by OTLP. Finished spans are handed to the exporter as data, so that an unrecorded request
//! pays nothing and a span has exactly the id that the service was sent.

use super::{
    metrics::outcome,
    otlp::{ANSWER_WITHIN, LAST_WITHIN, Watch},
    report::{Listed, Report, Route},
};
use bff_core::{
    CallRecord, Criticality, Failure, Fault, Looked, SpanId as Step, TraceContext, ports::Tier,
};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchSpanProcessor, SpanData, SpanEvents, SpanExporter as Export, SpanLinks, SpanProcessor,
    },
};
use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

/// Sends spans in batches from a thread of its own.
#[derive(Debug)]
pub(crate) struct Spans {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Spans {
    /// Spans of the BFF `bff`, sent to the OTLP/HTTP collector at `endpoint`.
    pub(crate) fn to(
        endpoint: &str,
        bff: &str,
        version: &'static str,
    ) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint);
        let exporter = exporter.with_timeout(ANSWER_WITHIN).build()?;
        let watched = Watched { exporter, watch: Watch::new("traces.otlp_endpoint") };
        let mut processor = BatchSpanProcessor::builder(watched).build();
        processor.set_resource(&resource(bff, version));
        Ok(Self { processor, scope: scope(bff, version) })
    }

    /// Sends what is waiting; blocks, so never on a worker thread.
    pub(crate) fn shutdown(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(LAST_WITHIN) {
            tracing::warn!(%error, "the last spans were not delivered; check traces.otlp_endpoint");
        }
    }

    /// One span for the request and one for each of its calls.
    pub(crate) fn write(&self, report: &Report<'_>) {
        let mut attributes = vec![
            KeyValue::new("bff.endpoint", report.endpoint),
            KeyValue::new("http.response.status_code", i64::from(report.status)),
            KeyValue::new("bff.degraded", !report.notes.is_empty()),
        ];
        let mut name = Cow::Borrowed(report.endpoint);
        if let Some(Route { method, path }) = report.route {
            attributes.push(KeyValue::new("http.request.method", method));
            attributes.push(KeyValue::new("http.route", path));
            name = Cow::Owned(format!("{method} {path}"));
        }
        if !report.lookups.is_empty() {
            attributes.push(KeyValue::new("bff.cache", Listed(&report.lookups).to_string()));
        }
        let status = if report.status >= 500 {
            Status::error(report.status.to_string())
        } else {
            Status::Unset
        };
        self.processor.on_end(SpanData {
            parent_span_id: report.trace.parent.map_or(SpanId::INVALID, id),
            parent_span_is_remote: report.trace.parent.is_some(),
            span_kind: SpanKind::Server,
            ..self.span(
                report.trace,
                report.trace.span,
                name,
                report.received,
                report.received + report.took,
                attributes,
                status,
            )
        });
        for call in &report.calls {
            self.write_call(report, call);
        }
        for looked in report.lookups.iter().filter(|looked| looked.tier != Tier::Service) {
            self.write_lookup(report, looked);
        }
    }

    /// A value that came from elsewhere than its service. A call that was made for the cache has its own span.
    fn write_lookup(&self, report: &Report<'_>, looked: &Looked) {
        let age = looked.age.as_secs_f64();
        let attributes = vec![
            KeyValue::new("bff.cache.tier", looked.tier.word()),
            KeyValue::new("bff.cache.outcome", looked.outcome.word()),
            KeyValue::new("bff.cache.age_seconds", age),
        ];
        let began = report.received + (looked.started - report.started);
        let (entity, ended) = (looked.entity, began + looked.took);
        let step = Step::random();
        self.processor.on_end(SpanData {
            parent_span_id: id(report.trace.span),
            ..self.span(report.trace, step, entity, began, ended, attributes, Status::Unset)
        });
    }

    fn write_call(&self, report: &Report<'_>, call: &CallRecord) {
        let status = match &call.failure {
            None => Status::Unset,
            Some(Failure::Cancelled) => Status::error("cancelled"),
            Some(Failure::Fault(fault)) => Status::error(fault.to_string()),
        };
        let way = call.way;
        let mut attributes = vec![
            KeyValue::new("peer.service", call.service),
            KeyValue::new("bff.outcome", outcome(call)),
            KeyValue::new("bff.critical", call.criticality == Criticality::Critical),
            KeyValue::new("bff.attempts", i64::from(way.attempts)),
            KeyValue::new("bff.hedged", way.hedged),
            KeyValue::new("bff.shared", way.shared),
            KeyValue::new("bff.bytes_read", i64::try_from(call.bytes_read).unwrap_or(i64::MAX)),
        ];
        if way.attempts > 1 {
            let resent = i64::from(way.attempts - 1);
            attributes.push(KeyValue::new("http.request.resend_count", resent));
        }
        if call.failure.is_some() {
            attributes.push(KeyValue::new("error.type", outcome(call)));
        }
        if let Some(Failure::Fault(Fault::Status { status, .. })) = &call.failure {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(*status)));
        }
        if report.lookups.iter().any(|looked| looked.entity == call.dependency) {
            attributes.push(KeyValue::new("bff.cache.tier", Tier::Service.word()));
        }
        let began = report.received + (call.started - report.started);
        self.processor.on_end(SpanData {
            parent_span_id: id(report.trace.span),
            span_kind: SpanKind::Client,
            ..self.span(
                report.trace,
                call.span,
                call.dependency,
                began,
                began + call.elapsed,
                attributes,
                status,
            )
        });
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the parts that a request and a call do not have alike"
    )]
    fn span(
        &self,
        trace: &TraceContext,
        step: Step,
        name: impl Into<Cow<'static, str>>,
        start_time: SystemTime,
        end_time: SystemTime,
        attributes: Vec<KeyValue>,
        status: Status,
    ) -> SpanData {
        let trace_id = TraceId::from_bytes(trace.trace_id.to_bytes());
        SpanData {
            span_context: SpanContext::new(
                trace_id,
                id(step),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time,
            end_time,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// Who sends telemetry: spans and metrics say the same.
pub(crate) fn resource(bff: &str, version: &'static str) -> Resource {
    Resource::builder()
        .with_service_name(format!("bff-{bff}"))
        .with_attribute(KeyValue::new("service.version", version))
        .with_attribute(KeyValue::new("vcs.ref.head.revision", crate::process::version::REVISION))
        .build()
}

/// What measured it.
pub(crate) fn scope(bff: &str, version: &'static str) -> InstrumentationScope {
    InstrumentationScope::builder(format!("bff-{bff}")).with_version(version).build()
}

/// The exporter, and whether it gets rid of anything.
#[derive(Debug)]
struct Watched {
    exporter: SpanExporter,
    watch: Watch,
}

impl Export for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        self.watch.saw(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn id(step: Step) -> SpanId {
    SpanId::from_bytes(step.to_bytes())
}
