//! Traces by OTLP. Finished spans are handed to the exporter as data, so that an unrecorded request
//! pays nothing and a span has exactly the id that the service was sent.

use super::report::{Listed, Report};
use bff_core::{CallRecord, Criticality, Failure, SpanId as Step, TraceContext};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor},
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
        let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).build()?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let name = format!("bff-{bff}");
        let resource = Resource::builder()
            .with_service_name(name.clone())
            .with_attribute(KeyValue::new("service.version", version))
            .with_attribute(KeyValue::new("vcs.ref.head.revision", crate::version::REVISION))
            .build();
        processor.set_resource(&resource);
        Ok(Self {
            processor,
            scope: InstrumentationScope::builder(name).with_version(version).build(),
        })
    }

    /// Sends what is waiting; blocks, but no longer than `within`, so never on a worker thread.
    pub(crate) fn shutdown(&self, within: Duration) {
        if let Err(error) = self.processor.shutdown_with_timeout(within) {
            tracing::warn!(%error, "the last spans were not delivered; check traces.otlp_endpoint");
        }
    }

    /// One span for the request and one for each of its calls.
    pub(crate) fn write(&self, report: &Report<'_>) {
        let mut attributes = vec![
            KeyValue::new("http.route", report.endpoint),
            KeyValue::new("http.response.status_code", i64::from(report.status)),
            KeyValue::new("bff.degraded", !report.notes.is_empty()),
        ];
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
                report.endpoint,
                report.received,
                report.received + report.took,
                attributes,
                status,
            )
        });
        for call in &report.calls {
            self.write_call(report, call);
        }
    }

    fn write_call(&self, report: &Report<'_>, call: &CallRecord) {
        let status = match &call.failure {
            None => Status::Unset,
            Some(Failure::Cancelled) => Status::error("cancelled"),
            Some(Failure::Fault(fault)) => Status::error(fault.to_string()),
        };
        let attributes = vec![
            KeyValue::new("peer.service", call.service),
            KeyValue::new("bff.critical", call.criticality == Criticality::Critical),
            KeyValue::new("bff.bytes_read", i64::try_from(call.bytes_read).unwrap_or(i64::MAX)),
        ];
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
        name: &'static str,
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
            name: Cow::Borrowed(name),
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

fn id(step: Step) -> SpanId {
    SpanId::from_bytes(step.to_bytes())
}
