//! The stream of events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;

use super::Context;
use super::answers::Failure;
use super::connections::Busy;
use crate::terminal::Happened;

/// How many may listen at once.
const MOST_STREAMS: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// The number of the last event that the listener has seen.
    #[serde(default)]
    since: u64,
    /// Whether to wait for more.
    #[serde(default = "yes")]
    follow: bool,
}

const fn yes() -> bool {
    true
}

/// One listener less when it is dropped.
struct Listening {
    context: Arc<Context>,
    /// Its connection is not idle.
    _busy: Option<Busy>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.context.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

fn written(events: &[Happened], sse: bool) -> String {
    let mut text = String::new();
    for happened in events {
        // An event is plain data: it always has JSON.
        let json = serde_json::to_string(happened).unwrap_or_default();
        if sse {
            text.push_str(&format!("id: {}\ndata: {json}\n\n", happened.number));
        } else {
            text.push_str(&json);
            text.push('\n');
        }
    }
    text
}

pub(crate) async fn stream(
    State(context): State<Arc<Context>>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    busy: Option<Extension<Busy>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Query(EventsQuery { since, follow }) =
        query.map_err(|error| Failure::new(400, "query", error.body_text()))?;
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let sse = value(ACCEPT).is_some_and(|accept| accept.contains("text/event-stream"));
    // A browser's own memory of where it was.
    let last =
        value(HeaderName::from_static("last-event-id")).and_then(|id| id.parse().ok()).unwrap_or(since);
    let kind = if sse { "text/event-stream" } else { "application/x-ndjson" };
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")];
    if !follow {
        context.shared.at_terminal(|_, _| ());
        let text = written(&context.shared.terminal().events_since(last), sse);
        return Ok((headers, text).into_response());
    }
    if context.streams.fetch_add(1, Ordering::Relaxed) >= MOST_STREAMS {
        context.streams.fetch_sub(1, Ordering::Relaxed);
        return Err(Failure::new(503, "streams", "too many streams of events"));
    }
    let busy = busy.map(|Extension(busy)| busy);
    let (listening, mut last) = (Listening { context: Arc::clone(&context), _busy: busy }, last);
    let news = WatchStream::new(context.seen.clone()).map(move |_| {
        let events = listening.context.shared.terminal().events_since(last);
        last = events.last().map_or(last, |happened| happened.number);
        Ok::<Bytes, Infallible>(Bytes::from(written(&events, sse)))
    });
    Ok((headers, Body::from_stream(news)).into_response())
}
