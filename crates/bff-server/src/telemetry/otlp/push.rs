//! The thread that sends metrics: one request per interval, with a bound on each, and the last values at the end.

use super::{ANSWER_WITHIN, Watch, exposition, message};
use crate::telemetry::metrics::Metrics;
use opentelemetry::InstrumentationScope;
use opentelemetry_proto::{
    tonic::{
        collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
        metrics::v1::{ResourceMetrics, ScopeMetrics},
        resource::v1::Resource as SentResource,
    },
    transform::common::tonic::ResourceAttributesWithSchema,
};
use opentelemetry_sdk::Resource;
use prost::Message;
use reqwest::{blocking::Client, header::CONTENT_TYPE, redirect};
use std::{
    io::{self, Read},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The most of a collector's answer that is read.
const MOST_OF_ANSWER: u64 = 64 * 1024;

/// What is sent, where to and how often.
#[derive(Debug)]
pub(crate) struct Push {
    /// The full URL of an OTLP/HTTP collector.
    pub(crate) endpoint: String,
    pub(crate) interval: Duration,
    pub(crate) resource: Resource,
    pub(crate) scope: InstrumentationScope,
    pub(crate) metrics: Arc<Metrics>,
}

/// Metrics being sent.
#[derive(Debug)]
pub(crate) struct Pushing {
    stop: Sender<()>,
    ended: Receiver<()>,
}

impl Push {
    /// Begins to send, from a thread of its own.
    pub(crate) fn start(self) -> io::Result<Pushing> {
        let (stop, stopped) = channel();
        let (ending, ended) = channel();
        thread::Builder::new().name("otlp-metrics".to_owned()).spawn(move || {
            self.send_until(&stopped);
            let _nobody_waits = ending.send(());
        })?;
        Ok(Pushing { stop, ended })
    }

    fn send_until(&self, stopped: &Receiver<()>) {
        let watch = Watch::new("metrics.otlp_endpoint");
        let client = Client::builder().timeout(ANSWER_WITHIN).redirect(redirect::Policy::none());
        let client = match client.build() {
            Ok(client) => client,
            Err(error) => return watch.saw(&Err(error)),
        };
        loop {
            let over = stopped.recv_timeout(self.interval) != Err(RecvTimeoutError::Timeout);
            watch.saw(&self.send(&client));
            if over {
                return;
            }
        }
    }

    fn send(&self, client: &Client) -> Result<(), String> {
        let text = self.metrics.render();
        let families =
            exposition::read(&text).map_err(|line| format!("not a line of metrics: {line}"))?;
        let body = self.message(&families).encode_to_vec();
        let request = client.post(&self.endpoint).header(CONTENT_TYPE, "application/x-protobuf");
        let answer = request.body(body).send().map_err(|error| causes(&error.without_url()))?;
        if !answer.status().is_success() {
            return Err(format!("the collector answered {}", answer.status()));
        }
        let mut body = Vec::new();
        answer
            .take(MOST_OF_ANSWER)
            .read_to_end(&mut body)
            .map_err(|error| format!("the collector's answer broke off: {error}"))?;
        // Collectors of other versions may answer in JSON, which says no less by its status.
        let answer = ExportMetricsServiceResponse::decode(body.as_slice()).unwrap_or_default();
        match answer.partial_success {
            Some(part) if part.rejected_data_points > 0 => Err(format!(
                "the collector refused {} values: {}",
                part.rejected_data_points, part.error_message
            )),
            _ => Ok(()),
        }
    }

    fn message(&self, families: &[exposition::Family<'_>]) -> ExportMetricsServiceRequest {
        let nanos = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        };
        let span =
            message::Span { start: nanos(self.metrics.since), now: nanos(SystemTime::now()) };
        let attributes = ResourceAttributesWithSchema::from(&self.resource).attributes.0;
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(SentResource { attributes, ..SentResource::default() }),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some((&self.scope, None).into()),
                    metrics: families.iter().filter_map(|f| message::metric(f, span)).collect(),
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
        }
    }
}

impl Pushing {
    /// Has the last values sent.
    pub(crate) fn stop(&self) {
        let _already_ended = self.stop.send(());
    }

    /// Waits for that until `latest`; blocks, so never on a worker thread.
    pub(crate) fn wait(self, latest: Instant) {
        let left = latest.saturating_duration_since(Instant::now());
        if self.ended.recv_timeout(left).is_err() {
            tracing::warn!("the last metrics were not delivered; check metrics.otlp_endpoint");
        }
    }
}

/// An error with what it comes from: the first sentence alone says little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
