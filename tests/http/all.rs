//! Requests and tasks: the layers over sockets and service by service, futures on tokio and polled by hand, threads of
//! rayon, ends of programs. Nothing is installed here.

#[path = "../util/tags.rs"]
mod tags;
#[path = "../util/mod.rs"]
mod util;

#[path = "ends/mod.rs"]
mod ends;
mod futures;
#[cfg(feature = "tower")]
mod http;
#[cfg(feature = "tower")]
mod layer_order;
#[cfg(feature = "tower")]
mod nested;
mod rayon;
mod testing;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "tower")]
mod trace_context;
#[cfg(feature = "tower")]
mod transfers;
