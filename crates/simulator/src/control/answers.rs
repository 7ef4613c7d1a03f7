//! How the interface says something, and that it cannot do something.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::terminal::NotNow;

/// JSON on a line of its own, as a shell likes it.
#[derive(Debug)]
pub(crate) struct Said(pub(crate) Value);

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], format!("{}\n", self.0)).into_response()
    }
}

/// A request that was not done, and why.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u16,
    kind: &'static str,
    message: String,
}

impl Failure {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl ToString) -> Self {
        Self { status, kind, message: message.to_string() }
    }

    /// The body is not what it should be.
    pub(crate) fn body(message: impl ToString) -> Self {
        Self::new(400, "body", message)
    }
}

impl From<NotNow> for Failure {
    fn from(why: NotNow) -> Self {
        Self::new(409, "not_now", why)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let Self { kind, message, .. } = self;
        (status, Said(json!({ "error": { "kind": kind, "message": message } }))).into_response()
    }
}

pub(crate) async fn no_such_path() -> Failure {
    Failure::new(404, "path", "no such path: GET / lists what there is")
}
