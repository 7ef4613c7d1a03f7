//! Which word does what. The table is what `GET /` shows and what the documentation prints.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};

use super::answers::{Failure, Said, no_such_path};
use super::{Context, events, guard, reading, steering};

/// The most bytes of a request.
const LONGEST_BODY: usize = 256 << 10;

/// Method, path, and what it does.
type Line = (&'static str, &'static str, &'static str);

macro_rules! routes {
    ($($method:ident $path:literal $handler:expr, $text:literal;)*) => {
        const TABLE: &[Line] = &[$((stringify!($method), $path, $text),)*];

        fn routes(router: Router<Arc<Context>>) -> Router<Arc<Context>> {
            router$(.route($path, $method($handler)))*
        }
    };
}

routes! {
    get "/" index, "this list";
    get "/state" reading::state, "where the terminal is, and all it is told";
    get "/ledger" reading::ledger, "what was charged and given back; ?reference=TEXT for what carries a reference of the till's";
    get "/events" events::stream, "what happens, as NDJSON, or as SSE for Accept: text/event-stream; ?since=NUMBER, ?follow=false";
    get "/faults/catalogue" reading::catalogue, "every fault there is";
    get "/answers/magic" reading::magic, "what `by-amount` does with an amount";
    put "/answer" steering::answer, "{\"answer\": \"approve,decline:04\"}: what to answer from now on";
    post "/next" steering::push, "{\"turns\": [\"approve+drop@step=decided\"]}: what happens next, before that";
    delete "/next" steering::clear_next, "forget what was to happen next";
    put "/faults" steering::faults, "{\"faults\": [\"split@byte=20\"]}: what goes wrong in every transaction";
    delete "/faults" steering::clear_faults, "nothing goes wrong any more";
    put "/times" steering::times, "{\"latency\": 200, \"authorisation\": 0, \"printing\": 0, \"manual_card\": false}: milliseconds";
    put "/scenario" steering::scenario, "a scenario in TOML";
    post "/card" steering::card, "the customer presents a card";
    post "/red-button" steering::red_button, "somebody presses the red button";
    post "/sleep" steering::sleep, "the terminal falls asleep";
    post "/busy" steering::busy, "somebody is in its menus";
    post "/background" steering::background, "another application is in front";
    post "/wake" steering::wake, "back to the idle screen from any of these";
    post "/reboot" steering::reboot, "{\"milliseconds\": 2000}: it reboots";
    post "/telecollection" steering::telecollection, "the transactions go to the bank";
    post "/reset" steering::reset, "everything as at the start";
}

async fn index() -> Said {
    let line = |(method, path, text): &Line| serde_json::json!({ "method": method.to_uppercase(), "path": path, "text": text });
    let routes: Vec<_> = TABLE.iter().map(line).collect();
    Said(serde_json::json!({ "virtual": true, "routes": routes }))
}

async fn wrong_method() -> Failure {
    Failure::new(405, "method", "not with this method: GET / lists what there is")
}

pub(crate) fn router(context: Arc<Context>) -> Router {
    routes(Router::new())
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&context), guard::check))
        .with_state(context)
}
