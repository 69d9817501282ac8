//! A checkout: one record per order, whatever happens to it.
//!
//! `checkout` starts a `Trace` and lends it as `&mut Trace` to the functions that
//! count the stock, price the cart and charge the card. They add what they know;
//! the record is emitted when `checkout` returns, also through `?` or a panic.
//!
//! ```text
//! cargo run --example checkout                      # one paid, one paid after a retry, one declined
//! cargo run --example checkout -- out-of-stock      # others: ok retry declined unreachable panic
//! cargo run --example checkout -- --json unreachable
//! cargo run --example checkout -- --pretty retry
//! RUST_LOG=warn cargo run --example checkout        # only what went wrong, or nearly did
//! ```
//!
//! The first command prints, on standard error:
//!
//! ```text
//! ts=2026-11-21T16:33:40.671155Z level=info msg=checkout service=shop outcome=ok duration_ms=3.325 cart_id=1001 user_id=41 items=3 grams=33400 total_cents=49880 stock.count=1 stock.ms=0.021 stock.max_ms=0.021 card="4242******" payment.count=1 payment.ms=3.096 payment.max_ms=3.096 receipt=ch_0001_49880 order_id=7001 status=201 fragments="[205, 0.163ms] 1 x desk, 3 in stock; [205, 0.178ms] 2 x lamp, 20 in stock"
//! ts=2026-11-21T16:33:40.687788Z level=warn msg=checkout service=shop outcome=ok duration_ms=16.414 cart_id=1002 user_id=42 coupon=WELCOME10 items=1 grams=1200 total_cents=4491 stock.count=1 stock.ms=0.006 stock.max_ms=0.006 card="4000******" payment.count=2 payment.ms=6.179 payment.max_ms=3.096 retries=1 backoff.count=1 backoff.ms=10.109 backoff.max_ms=10.109 receipt=ch_0003_4491 order_id=7002 status=201 fragments="[205, 0.016ms] 1 x lamp, 18 in stock; [146, 3.127ms, warn] payment attempt 1: no answer within 3 ms; again in 10ms"
//! ts=2026-11-21T16:33:40.691150Z level=warn msg=checkout service=shop outcome=error duration_ms=3.157 cart_id=1003 user_id=43 items=1 grams=7500 total_cents=12900 stock.count=1 stock.ms=0.01 stock.max_ms=0.01 card="4000******" payment.count=1 payment.ms=3.082 payment.max_ms=3.082 status=402 error="payment failed" error.chain="card declined (insufficient_funds)" fragments="[205, 0.029ms] 1 x chair, 1 in stock; [106, 3.139ms] stock released"
//! ```
//!
//! `-- unreachable`, and `-- panic` after the message of the panic itself:
//!
//! ```text
//! ts=2026-11-21T16:33:40.739686Z level=error msg=checkout service=shop outcome=error duration_ms=39.847 cart_id=1005 user_id=45 items=4 grams=4800 total_cents=19960 stock.count=1 stock.ms=0.011 stock.max_ms=0.011 card="4000******" payment.count=3 payment.ms=9.319 payment.max_ms=3.126 retries=2 backoff.count=2 backoff.ms=30.2 backoff.max_ms=20.106 status=503 error="payment failed" error.chain="gateway unreachable: no answer within 3 ms" fragments="[205, 0.094ms] 4 x lamp, 20 in stock; [146, 3.241ms, warn] payment attempt 1: no answer within 3 ms; again in 10ms; [146, 16.493ms, warn] payment attempt 2: no answer within 3 ms; again in 20ms; [106, 39.794ms] stock released"
//! ts=2026-11-21T16:33:40.743184Z level=error msg=checkout service=shop outcome=panic duration_ms=0.197 cart_id=1006 user_id=46 coupon=TYPO1000 items=1 grams=1200
//! ```
//!
//! `-- --json declined`:
//!
//! ```text
//! {"ts":"2026-11-21T16:33:40.697300Z","level":"warn","msg":"checkout","service":"shop","outcome":"error","duration_ms":3.225,"cart_id":1003,"user_id":43,"items":1,"grams":7500,"total_cents":12900,"stock.count":1,"stock.ms":0.007,"stock.max_ms":0.007,"card":"4000******","payment.count":1,"payment.ms":3.078,"payment.max_ms":3.078,"status":402,"error":"payment failed","error.chain":"card declined (insufficient_funds)","fragments":[{"at_ms":0.093,"line":205,"msg":"1 x chair, 1 in stock"},{"at_ms":3.201,"line":106,"msg":"stock released"}]}
//! ```
//!
//! `-- --pretty retry`, in colour if standard error is a terminal:
//!
//! ```text
//! checkout  ok  16.453ms  warn  2026-11-21T16:33:40.761690Z
//!   service          shop
//!   cart_id          1002
//!   user_id          42
//!   coupon           WELCOME10
//!   items            1
//!   grams            1200
//!   total_cents      4491
//!   stock.count      1
//!   stock.ms         0.007
//!   stock.max_ms     0.007
//!   card             4000******
//!   payment.count    2
//!   payment.ms       6.176
//!   payment.max_ms   3.093
//!   retries          1
//!   backoff.count    1
//!   backoff.ms       10.085
//!   backoff.max_ms   10.085
//!   receipt          ch_0002_4491
//!   order_id         7001
//!   status           201
//!        +0.083ms  examples/checkout.rs:205  1 x lamp, 20 in stock
//!        +3.203ms  examples/checkout.rs:146  payment attempt 1: no answer within 3 ms; again in 10ms
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use log::Level;
use traceline::{Config, Format, Trace};

const MOST_ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// One order, one record.
fn checkout(shop: &mut Shop, cart: &Cart) -> Result<Order, CheckoutError> {
    let mut trace = traceline::start!("checkout");
    traceline::set!(trace, cart_id = cart.id, user_id = cart.user_id);
    trace.set("coupon", cart.coupon.as_ref().map(|coupon| coupon.code));

    let placed = place_order(&mut trace, shop, cart);
    let placed = trace.check(placed);
    if let Err(error) = &placed {
        if error.is_the_customers() {
            // The outcome remains an error, but not one to wake anybody up for.
            trace.set_level(Level::Warn);
        }
        trace.status(error.status());
    }
    let order = placed?;
    trace.set("order_id", order.id).status(201).ok();
    Ok(order)
}

fn place_order(trace: &mut Trace, shop: &mut Shop, cart: &Cart) -> Result<Order, CheckoutError> {
    let cents = price(trace, cart);
    trace.time("stock", |trace| shop.stock.reserve(trace, &cart.items))?;
    let paid = pay(trace, &mut shop.gateway, cart, cents);
    if paid.is_err() {
        shop.stock.release(&cart.items);
        trace.add("stock released");
    }
    let receipt = paid?;
    trace.set("receipt", receipt);
    shop.orders += 1;
    Ok(Order { id: shop.orders })
}

/// Adds up the cart.
fn price(trace: &mut Trace, cart: &Cart) -> u64 {
    let mut cents = 0;
    for item in &cart.items {
        cents += u64::from(item.quantity) * item.cents;
        trace.sum("items", item.quantity);
        trace.sum("grams", item.quantity * item.grams);
    }
    if let Some(coupon) = &cart.coupon {
        // A deliberate bug: coupons of more than 100 % are never rejected.
        cents = cents
            .checked_sub(cents * coupon.percent / 100)
            .expect("a discount is at most the price");
    }
    trace.set("total_cents", cents);
    cents
}

/// Charges the card; if the gateway does not answer, retries with a longer pause each time.
fn pay(
    trace: &mut Trace,
    gateway: &mut Gateway,
    cart: &Cart,
    cents: u64,
) -> Result<String, PaymentError> {
    trace.set("card", traceline::mask(cart.card, 4));
    let mut pause = FIRST_PAUSE;
    let mut attempt = 1;
    loop {
        match trace.time("payment", |_| gateway.charge(cart.card, cents)) {
            Err(PaymentError::Unreachable(error)) if attempt < MOST_ATTEMPTS => {
                trace.incr("retries");
                trace.warn(format_args!(
                    "payment attempt {attempt}: {error}; again in {pause:?}"
                ));
                trace.time("backoff", |_| thread::sleep(pause));
                pause *= 2;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

// ----- the shop

struct Shop {
    stock: Stock,
    gateway: Gateway,
    orders: u64,
}

struct Item {
    sku: &'static str,
    quantity: u32,
    cents: u64,
    grams: u32,
}

struct Coupon {
    code: &'static str,
    percent: u64,
}

struct Cart {
    id: u64,
    user_id: u64,
    items: Vec<Item>,
    coupon: Option<Coupon>,
    card: &'static str,
}

#[derive(Debug)]
struct Order {
    id: u64,
}

struct Stock(HashMap<&'static str, u32>);

impl Stock {
    /// Reserves all items of a cart, or none.
    fn reserve(&mut self, trace: &mut Trace, items: &[Item]) -> Result<(), CheckoutError> {
        for item in items {
            let left = self.0.get(item.sku).copied().unwrap_or(0);
            if left < item.quantity {
                return Err(CheckoutError::OutOfStock {
                    sku: item.sku,
                    wanted: item.quantity,
                    left,
                });
            }
            traceline::add!(trace, "{} x {}, {left} in stock", item.quantity, item.sku);
        }
        for item in items {
            self.0
                .entry(item.sku)
                .and_modify(|left| *left -= item.quantity);
        }
        Ok(())
    }

    fn release(&mut self, items: &[Item]) {
        for item in items {
            *self.0.entry(item.sku).or_default() += item.quantity;
        }
    }
}

/// A payment provider's sandbox: the card number decides what happens.
#[derive(Default)]
struct Gateway {
    calls: u32,
    flaky_calls: u32,
}

const GOOD_CARD: &str = "4242424242424242";
const FLAKY_CARD: &str = "4000000000000119";
const EMPTY_CARD: &str = "4000000000009995";
const DEAD_CARD: &str = "4000000000006975";

impl Gateway {
    fn charge(&mut self, card: &str, cents: u64) -> Result<String, PaymentError> {
        thread::sleep(Duration::from_millis(3)); // the network
        self.calls += 1;
        self.flaky_calls += u32::from(card == FLAKY_CARD);
        let unanswered = || io::Error::new(io::ErrorKind::TimedOut, "no answer within 3 ms");
        match card {
            EMPTY_CARD => Err(PaymentError::Declined("insufficient_funds")),
            DEAD_CARD => Err(PaymentError::Unreachable(unanswered())),
            FLAKY_CARD if self.flaky_calls % 2 == 1 => Err(PaymentError::Unreachable(unanswered())),
            _ => Ok(format!("ch_{:04}_{cents}", self.calls)),
        }
    }
}

// ----- what can go wrong

#[derive(Debug)]
enum CheckoutError {
    OutOfStock {
        sku: &'static str,
        wanted: u32,
        left: u32,
    },
    Payment(PaymentError),
}

#[derive(Debug)]
enum PaymentError {
    Declined(&'static str),
    Unreachable(io::Error),
}

impl CheckoutError {
    fn status(&self) -> u16 {
        match self {
            CheckoutError::OutOfStock { .. } => 409,
            CheckoutError::Payment(PaymentError::Declined(_)) => 402,
            CheckoutError::Payment(PaymentError::Unreachable(_)) => 503,
        }
    }

    fn is_the_customers(&self) -> bool {
        self.status() < 500
    }
}

impl fmt::Display for CheckoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckoutError::OutOfStock { sku, wanted, left } => {
                write!(f, "out of stock: {wanted} x {sku} wanted, {left} left")
            }
            CheckoutError::Payment(_) => f.write_str("payment failed"),
        }
    }
}

impl Error for CheckoutError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            CheckoutError::OutOfStock { .. } => None,
            CheckoutError::Payment(error) => Some(error),
        }
    }
}

impl From<PaymentError> for CheckoutError {
    fn from(error: PaymentError) -> CheckoutError {
        CheckoutError::Payment(error)
    }
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PaymentError::Declined(reason) => write!(f, "card declined ({reason})"),
            PaymentError::Unreachable(_) => f.write_str("gateway unreachable"),
        }
    }
}

impl Error for PaymentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PaymentError::Declined(_) => None,
            PaymentError::Unreachable(error) => Some(error),
        }
    }
}

// ----- the program

fn main() -> ExitCode {
    let mut config = Config::builder().field("service", "shop");
    let mut carts = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => config = config.format(Format::Json),
            "--pretty" => config = config.format(Format::Pretty),
            name => match cart(name) {
                Some(cart) => carts.push(cart),
                None => {
                    eprintln!(
                        "usage: checkout [--json | --pretty] [ok | retry | declined | out-of-stock | unreachable | panic]..."
                    );
                    return ExitCode::from(2);
                }
            },
        }
    }
    if carts.is_empty() {
        carts.extend(["ok", "retry", "declined"].into_iter().filter_map(cart));
    }

    traceline::init();
    config.install().expect("the configuration is sound");

    let mut shop = Shop {
        stock: Stock(HashMap::from([("lamp", 20), ("desk", 3), ("chair", 1)])),
        gateway: Gateway::default(),
        orders: 7000,
    };
    for cart in &carts {
        // As a server does for each request, so that a panic ends one order and not all.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| checkout(&mut shop, cart)));
    }
    ExitCode::SUCCESS
}

/// The carts to choose from on the command line.
fn cart(name: &str) -> Option<Cart> {
    let lamps = |quantity| Item {
        sku: "lamp",
        quantity,
        cents: 4_990,
        grams: 1_200,
    };
    let chairs = |quantity| Item {
        sku: "chair",
        quantity,
        cents: 12_900,
        grams: 7_500,
    };
    let desk = Item {
        sku: "desk",
        quantity: 1,
        cents: 39_900,
        grams: 31_000,
    };
    let (id, items, coupon, card) = match name {
        "ok" => (1001, vec![desk, lamps(2)], None, GOOD_CARD),
        "retry" => (1002, vec![lamps(1)], Some(("WELCOME10", 10)), FLAKY_CARD),
        "declined" => (1003, vec![chairs(1)], None, EMPTY_CARD),
        "out-of-stock" => (1004, vec![lamps(1), chairs(2)], None, GOOD_CARD),
        "unreachable" => (1005, vec![lamps(4)], None, DEAD_CARD),
        "panic" => (1006, vec![lamps(1)], Some(("TYPO1000", 1000)), GOOD_CARD),
        _ => return None,
    };
    Some(Cart {
        id,
        user_id: 40 + id % 10,
        items,
        coupon: coupon.map(|(code, percent)| Coupon { code, percent }),
        card,
    })
}
