//! What can go wrong with a request, and the status for it.

use std::error::Error;
use std::fmt;
use std::io;

use super::http::Unread;

#[derive(Debug)]
pub enum Fault {
    /// The request is invalid.
    Bad(&'static str),
    /// The request could not be read completely.
    Unread(Unread),
    SoldOut {
        sku: String,
        wanted: u64,
        left: u64,
    },
    /// Another service refused, for a reason the buyer can act on.
    Refused {
        status: u16,
        why: String,
    },
    /// Another service failed.
    Broken {
        peer: &'static str,
        status: u16,
    },
    /// Another service is down, or does not answer.
    Unreachable {
        peer: &'static str,
        why: io::Error,
    },
}

impl Fault {
    pub fn status(&self) -> u16 {
        match self {
            Fault::Bad(_) => 400,
            Fault::Unread(Unread(status, _)) | Fault::Refused { status, .. } => *status,
            Fault::SoldOut { .. } => 409,
            Fault::Broken { .. } => 502,
            Fault::Unreachable { .. } => 503,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Bad(why) | Fault::Unread(Unread(_, why)) => f.write_str(why),
            Fault::SoldOut { sku, wanted, left } => {
                write!(f, "sold out: {wanted} x {sku} wanted, {left} left")
            }
            Fault::Refused { why, .. } => f.write_str(why),
            Fault::Broken { peer, status } => write!(f, "{peer} answered {status}"),
            Fault::Unreachable { peer, .. } => write!(f, "{peer} is down"),
        }
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Fault::Unreachable { why, .. } => Some(why),
            _ => None,
        }
    }
}
