//! Who may ask. A page in a browser of this machine may not: neither under its own origin, nor under a name that it has
//! made to point here.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::Context;
use super::answers::Failure;

/// How long a request may take to come and to be done.
const REQUEST: Duration = Duration::from_secs(30);

/// The host without its port.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').map_or(bracketed, |(host, _)| host),
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    }
}

/// Why a request with these headers is refused.
fn refusal(headers: &HeaderMap, beyond_loopback: bool) -> Option<&'static str> {
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let Some(authority) = headers.get(HOST).and_then(text) else { return Some("a Host is needed") };
    let host = host_of(&authority);
    let known = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || beyond_loopback,
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    };
    if !known {
        return Some("this Host is not ours: use the address on which control listens");
    }
    let own = format!("http://{authority}");
    let foreign =
        headers.get_all(ORIGIN).iter().any(|origin| text(origin).is_none_or(|origin| origin != own));
    foreign.then_some("pages of another origin may not steer a terminal")
}

pub(crate) async fn check(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    match refusal(request.headers(), context.beyond_loopback) {
        Some(why) => Failure::new(403, "forbidden", why).into_response(),
        // The body of the answer may go on for longer: it is not waited for here.
        None => match timeout(REQUEST, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Failure::new(408, "slow", "the request did not come whole in time").into_response(),
        },
    }
}
