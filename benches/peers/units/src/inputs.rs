//! The values of the units, the same in every run.

/// W1 and W2: an authentication.
#[derive(Debug)]
pub struct Auth {
    pub req_id: String,
    pub method: String,
    pub uri: String,
    pub ip: String,
    pub status: u16,
    pub user_id: u64,
    pub plan: String,
    pub cached: bool,
    pub retries: u32,
    pub amount: f64,
    pub db_ms: f64,
    pub items: usize,
    // the arguments of the three fragments that have one
    pub key: String,
    pub tenant: String,
    pub store: String,
}

/// W3: a wide record.
#[derive(Debug)]
pub struct Wide {
    pub strs: [String; 40],
    pub ints: [i64; 40],
    pub flts: [f64; 10],
    pub flags: [bool; 10],
}

/// The number of inputs a row cycles through, so that lengths and digits vary from unit to unit.
pub const COUNT: usize = 8;

pub fn auths() -> Vec<Auth> {
    (0..COUNT as u64).map(auth).collect()
}

pub fn wides() -> Vec<Wide> {
    (0..COUNT as u64).map(wide).collect()
}

fn auth(n: u64) -> Auth {
    let pick = |list: [&str; 4]| list[n as usize % 4].to_owned();
    Auth {
        req_id: format!("{:016x}{:016x}", mix(2 * n), mix(2 * n + 1)),
        method: pick(["GET", "POST", "PUT", "DELETE"]),
        uri: pick(["/v1/login", "/v1/session", "/v1/token/refresh", "/v1/me"]),
        ip: format!("10.{}.{}.{}", n * 31, n * 17 % 200, n + 7),
        status: [200, 201, 204, 302][n as usize % 4],
        user_id: 100_000 + mix(n) % 9_000_000,
        plan: pick(["pro", "free", "team", "enterprise"]),
        cached: n.is_multiple_of(2),
        retries: (n % 4) as u32,
        amount: (mix(n + 50) % 100_000) as f64 / 100.0,
        db_ms: (mix(n + 90) % 50_000) as f64 / 1000.0,
        items: (n * n) as usize + 3,
        key: pick(["paul", "margarete", "li", "user-48151"]),
        tenant: pick(["acme", "globex-north", "initech", "umbrella"]),
        store: pick(["redis-eu-1", "redis-us-2", "memory", "sessions.db"]),
    }
}

fn wide(n: u64) -> Wide {
    Wide {
        strs: std::array::from_fn(|i| format!("{:010x}", mix(n * 40 + i as u64) >> 24)),
        ints: std::array::from_fn(|i| (mix(n * 77 + i as u64) >> (20 + i)) as i64),
        flts: std::array::from_fn(|i| (mix(n * 99 + i as u64) % 1_000_000) as f64 / 1000.0),
        flags: std::array::from_fn(|i| (n as usize + i).is_multiple_of(3)),
    }
}

/// The finalizer of SplitMix64: spreads small numbers over 64 bits.
fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
