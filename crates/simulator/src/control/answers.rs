//! What the interface says when it cannot do something.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::terminal::NotNow;

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
        (status, Json(serde_json::json!({ "error": { "kind": kind, "message": message } }))).into_response()
    }
}

pub(crate) async fn no_such_path() -> Failure {
    Failure::new(404, "path", "no such path: GET / lists what there is")
}
