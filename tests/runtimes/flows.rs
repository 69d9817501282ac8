//! Code as users write it when a unit spreads over tasks, threads and pools: it must compile, and do what it appears to
//! do. Its counterparts for one thread are in `tests/http/flows`.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rayon::prelude::*;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use traceline::{Level, Outcome, Trace, UnitRef, add, current, future::InTraceExt, run, set};

use crate::bench::{Bench, check, check_on_each_runtime, hasty};

// ----- a request that fans out

/// Spawns a task that contributes to the unit of its caller.
fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future.in_current_unit())
}

async fn store(bench: Bench, chunk: Vec<u8>) -> anyhow::Result<usize> {
    current::incr("chunks");
    current::sum("bytes", chunk.len());
    bench
        .query()
        .timed("db")
        .await
        .map_err(anyhow::Error::msg)?;
    Ok(chunk.len())
}

fn checksum(chunk: &[u8]) -> u32 {
    current::time("checksum", || {
        chunk.iter().map(|byte| u32::from(*byte)).sum()
    })
}

async fn upload(bench: &Bench, user: &str, body: &'static [u8]) -> anyhow::Result<u32> {
    run!("upload", async |trace| {
        set!(trace, user, size = body.len());
        anyhow::ensure!(!body.is_empty(), "nothing to upload");

        let unit = trace.unit();
        let sum = spawn_blocking(move || unit.scope(|| checksum(body))).await?;
        for chunk in body.chunks(2) {
            spawn(store(bench.clone(), chunk.to_vec())).await??;
        }
        let mut hooks = JoinSet::new();
        for hook in ["thumbnail", "scan"] {
            let hook = async move { current::add!("hook {hook}") };
            hooks.spawn(hook.in_unit(&trace.unit()));
            hooks.join_next().await.transpose()?;
        }
        trace.set("sum", sum);
        Ok(sum)
    })
    .await
}

#[test]
fn an_upload_leaves_one_record_whatever_ran_where() {
    check_on_each_runtime(
        async |bench| {
            assert!(upload(&bench, "paul", b"").await.is_err());
            let unit = async { upload(&bench, "paul", b"abc").await.unwrap() };
            assert_eq!(unit.await, 294);
        },
        &[
            "error msg=upload outcome=error duration_ms=0.0 user=paul size=0 \
             error=\"nothing to upload\"",
            "info msg=upload outcome=ok duration_ms=40.0 user=paul size=3 \
             checksum.count=1 checksum.ms=0.0 checksum.max_ms=0.0 chunks=2 bytes=3 db.count=2 \
             db.ms=40.0 db.max_ms=20.0 sum=294 fragments=\"[40.0ms] hook thumbnail; [40.0ms] hook scan\"",
        ],
    );
}

// ----- a deadline, a fallback, and a lap around both

async fn price(bench: &Bench) -> Result<u32, String> {
    let _lap = current::lap("quote");
    let live = bench.hang(30).timed("live");
    match tokio::time::timeout(Duration::from_millis(200), live).await {
        Ok(()) => Ok(1),
        Err(late) => {
            current::warn("price from the cache");
            current::set("price_error", late.to_string());
            bench.query().timed("cache").await
        }
    }
}

#[test]
fn a_fallback_shows_both_tries() {
    check(
        |bench| {
            let unit = run!("checkout", async |trace| -> Result<u32, String> {
                let price = price(bench).await?;
                trace.set("price", price);
                Ok(price)
            });
            assert_eq!(hasty().block_on(unit), Ok(7));
        },
        &[
            "warn msg=checkout outcome=ok duration_ms=50.0 quote.count=1 quote.ms=50.0 \
             quote.max_ms=50.0 live.count=1 live.ms=30.0 live.max_ms=30.0 \
             price_error=\"deadline has elapsed\" cache.count=1 cache.ms=20.0 cache.max_ms=20.0 \
             price=7 fragments=\"[30.0ms, warn] price from the cache\"",
        ],
    );
}

// ----- a batch on rayon

fn words(text: &str) -> usize {
    let words = text.split(' ').count();
    current::incr("files");
    current::sum("words", words);
    current::max("longest", words);
    words
}

fn index(texts: &[&str]) -> Result<usize, String> {
    run!("index", || {
        let unit = current::unit();
        let words = texts
            .par_iter()
            .map(|text| unit.scope(|| words(text)))
            .sum();
        current::set("ok", true);
        Ok(words)
    })
}

#[test]
fn a_batch_on_rayon_counts_every_file() {
    check(
        |_bench| assert_eq!(index(&["a b c", "d", "e f"]), Ok(6)),
        &["info msg=index outcome=ok duration_ms=0.0 files=3 words=6 longest=3 ok=true"],
    );
}

// ----- an actor, whose messages carry the unit of their sender

struct Message {
    unit: UnitRef,
    item: &'static str,
    reply: mpsc::Sender<Result<u32, String>>,
}

fn stock(item: &str) -> Result<u32, String> {
    current::add!("looking for {item}");
    match item {
        "shoe" => Ok(3),
        _ => current::check(Err(format!("no {item} in stock"))),
    }
}

fn actor(messages: mpsc::Receiver<Message>) {
    for message in messages {
        let stock = message.unit.scope(|| stock(message.item));
        let _ = message.reply.send(stock);
    }
}

fn order(actor: &mpsc::Sender<Message>, item: &'static str) -> Result<u32, String> {
    run!("order", |trace| {
        trace.set("item", item);
        let (reply, answer) = mpsc::channel();
        let unit = trace.unit();
        actor
            .send(Message { unit, item, reply })
            .map_err(|error| error.to_string())?;
        answer.recv().map_err(|error| error.to_string())?
    })
}

#[test]
fn an_actor_writes_to_the_unit_of_each_message() {
    check(
        |_bench| {
            let (send, messages) = mpsc::channel();
            let actor = thread::spawn(move || actor(messages));
            assert_eq!(order(&send, "shoe"), Ok(3));
            assert_eq!(order(&send, "hat"), Err("no hat in stock".into()));
            drop(send);
            actor.join().unwrap();
        },
        &[
            "info msg=order outcome=ok duration_ms=0.0 item=shoe \
             fragments=\"[0.0ms] looking for shoe\"",
            "error msg=order outcome=error duration_ms=0.0 item=hat error=\"no hat in stock\" \
             fragments=\"[0.0ms] looking for hat\"",
        ],
    );
}

// ----- a job that keeps its unit, and boxed futures

struct Job {
    unit: UnitRef,
    steps: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Job {
    fn step(mut self, step: impl Future<Output = ()> + Send + 'static) -> Job {
        self.steps.push(Box::pin(step));
        self
    }

    async fn run(self) {
        for step in self.steps {
            let step = tokio::spawn(step.in_unit(&self.unit));
            step.await.expect("a step");
        }
    }
}

#[test]
fn a_job_may_keep_the_unit_for_its_steps() {
    check_on_each_runtime(
        async |bench| {
            let there = bench.clone();
            let unit = run!("job", async |trace| -> Result<(), String> {
                let job = Job {
                    unit: trace.unit(),
                    steps: Vec::new(),
                };
                let query = async move { _ = there.query().timed(format!("step_{}", 1)).await };
                job.step(query)
                    .step(async { current::fail("step 2") })
                    .run()
                    .await;
                Ok(())
            });
            unit.await.unwrap();
        },
        &[
            "error msg=job outcome=error duration_ms=20.0 step_1.count=1 step_1.ms=20.0 \
             step_1.max_ms=20.0 fragments=\"[20.0ms, error] step 2\"",
        ],
    );
}

// ----- every form of `run!`, and every verb without a handle

fn with_a_handle(trace: &mut Trace) -> Result<(), String> {
    trace.set("a", 1);
    add!(trace, "{}", 1 + 1);
    helper();
    Ok(())
}

fn helper() {
    current::incr("helpers");
}

fn without_a_handle() -> Result<(), String> {
    helper();
    Ok(())
}

#[test]
fn every_form_of_run_is_current_and_takes_the_outcome() {
    check_on_each_runtime(
        async |_bench| {
            let n = 3;
            run!("handle", with_a_handle).unwrap();
            run!("handle", |trace| with_a_handle(trace)).unwrap();
            run!("handle", move |trace: &mut Trace| with_a_handle(trace)).unwrap();
            run!("plain", || without_a_handle()).unwrap();
            run!("plain", move || -> Result<(), String> {
                current::set("n", n);
                without_a_handle()
            })
            .unwrap();
            run!("async", async { without_a_handle() }).await.unwrap();
            run!("async", async || without_a_handle()).await.unwrap();
            run!("async", async move || without_a_handle())
                .await
                .unwrap();
            run!("async handle", async |trace| with_a_handle(trace))
                .await
                .unwrap();
            run!(
                "async handle",
                async move |trace: &mut Trace| with_a_handle(trace)
            )
            .await
            .unwrap();
            run!("async handle", async |_| -> Result<(), String> {
                without_a_handle()
            })
            .await
            .unwrap();
        },
        &[
            "info msg=handle outcome=ok duration_ms=0.0 a=1 helpers=1 fragments=\"[0.0ms] 2\"",
            "info msg=handle outcome=ok duration_ms=0.0 a=1 helpers=1 fragments=\"[0.0ms] 2\"",
            "info msg=handle outcome=ok duration_ms=0.0 a=1 helpers=1 fragments=\"[0.0ms] 2\"",
            "info msg=plain outcome=ok duration_ms=0.0 helpers=1",
            "info msg=plain outcome=ok duration_ms=0.0 n=3 helpers=1",
            "info msg=async outcome=ok duration_ms=0.0 helpers=1",
            "info msg=async outcome=ok duration_ms=0.0 helpers=1",
            "info msg=async outcome=ok duration_ms=0.0 helpers=1",
            "info msg=\"async handle\" outcome=ok duration_ms=0.0 a=1 helpers=1 \
             fragments=\"[0.0ms] 2\"",
            "info msg=\"async handle\" outcome=ok duration_ms=0.0 a=1 helpers=1 \
             fragments=\"[0.0ms] 2\"",
            "info msg=\"async handle\" outcome=ok duration_ms=0.0 helpers=1",
        ],
    );
}

#[test]
fn the_current_unit_has_the_verbs_of_a_trace() {
    check(
        |bench| {
            let unit = run!("verbs", || -> Result<(), String> {
                current::set("rows", 3);
                assert_eq!(current::get("rows").unwrap().as_u64(), Some(3));
                bench.pass(5);
                assert_eq!(current::elapsed(), Duration::from_millis(5));
                current::raise(Level::Warn);
                assert_eq!(current::level(), Some(Level::Warn));
                current::set_level(Level::Info);
                let timer = current::start_timer("upload");
                bench.pass(5);
                current::stop(timer);
                current::part().incr("parts");
                current::checkpoint();
                current::status(204);
                current::ok();
                assert_eq!(current::outcome(), Some(Outcome::Ok));
                Ok(())
            });
            unit.unwrap();
            let gone = run!("poll", || -> Result<(), String> {
                current::discard();
                Ok(())
            });
            gone.unwrap();
        },
        &[
            "info msg=verbs duration_ms=10.0 rows=3 upload.count=1 upload.ms=5.0 \
             upload.max_ms=5.0 parts=1 partial=true seq=1",
            "info msg=verbs outcome=ok duration_ms=10.0 rows=3 upload.count=1 upload.ms=5.0 \
             upload.max_ms=5.0 parts=1 status=204",
        ],
    );
}
