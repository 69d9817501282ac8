//! Five log calls of a token authentication become one line.
//!
//! The routine comes from the Python package LogTrace, as does this way of
//! logging: each fragment keeps its source line and the time since the start.
//! The token is a field, masked: its first four characters and six stars.
//!
//! ```text
//! cargo run --example auth
//! ```
//!
//! ```text
//! ts=2026-11-21T16:33:40.547791Z level=info msg=auth outcome=ok duration_ms=107.706 token="2c59******" renewal.count=1 renewal.ms=105.143 renewal.max_ms=105.143 db.count=1 db.ms=2.134 db.max_ms=2.134 user=paul fragments="[28, 0.173ms] auth header read; [31, 0.246ms] authenticate key, table: api_keys; [34, 105.474ms] token renewal for API call confirmed; [38, 107.665ms] got key from token table: paul; [41, 107.688ms] successfully authenticated"
//! ts=2026-11-21T16:33:40.653407Z level=error msg=auth outcome=error duration_ms=105.206 token="77e0******" renewal.count=1 renewal.ms=105.131 renewal.max_ms=105.131 error="unknown token" fragments="[28, 0.006ms] auth header read; [31, 0.012ms] authenticate key, table: api_keys"
//! ts=2026-11-21T16:33:40.653572Z level=error msg=auth outcome=error duration_ms=0.004 error="the header holds no token"
//! ```

use std::collections::HashMap;
use std::fmt;
use std::thread;
use std::time::Duration;

/// Finds the user of an `Authorization: Token …` header.
fn authenticate(keys: &KeyTable, header: &str) -> Result<String, AuthError> {
    let mut trace = traceline::start!("auth");

    let token = header.strip_prefix("Token ").ok_or(AuthError::NoToken);
    let token = trace.check(token)?;
    trace.add("auth header read");
    trace.set("token", traceline::mask(token, 4));

    traceline::add!(trace, "authenticate key, table: {}", keys.name);
    let renewed = trace.time("renewal", |_| keys.renew(token));
    trace.check(renewed)?;
    trace.add("token renewal for API call confirmed");

    let user = trace.time("db", |_| keys.find(token));
    let user = trace.check(user)?;
    traceline::add!(trace, "got key from token table: {user}");

    trace.set("user", &user).ok();
    trace.add("successfully authenticated");
    Ok(user)
}

struct KeyTable {
    name: &'static str,
    users: HashMap<&'static str, &'static str>,
}

impl KeyTable {
    /// Makes a token last for another hour.
    fn renew(&self, token: &str) -> Result<(), AuthError> {
        thread::sleep(Duration::from_millis(105)); // a call to another service
        let known = self.users.contains_key(token);
        known.then_some(()).ok_or(AuthError::UnknownToken)
    }

    fn find(&self, token: &str) -> Result<String, AuthError> {
        thread::sleep(Duration::from_millis(2)); // a database
        let user = self.users.get(token).ok_or(AuthError::UnknownToken)?;
        Ok((*user).to_owned())
    }
}

#[derive(Debug)]
enum AuthError {
    NoToken,
    UnknownToken,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AuthError::NoToken => "the header holds no token",
            AuthError::UnknownToken => "unknown token",
        })
    }
}

impl std::error::Error for AuthError {}

fn main() {
    traceline::init();

    let keys = KeyTable {
        name: "api_keys",
        users: HashMap::from([("2c59999137d04ac1b08f", "paul")]),
    };
    // The records show what happened to each.
    let _ = authenticate(&keys, "Token 2c59999137d04ac1b08f");
    let _ = authenticate(&keys, "Token 77e0f1b2c3d4e5f60718");
    let _ = authenticate(&keys, "Basic cGF1bDpzZWNyZXQ=");
}
