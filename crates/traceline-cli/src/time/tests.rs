use super::*;

const MORNING: i64 = 1_795_250_760_000_000;

fn micros(text: &str) -> Option<i64> {
    parse(text.as_bytes(), None).map(|time| time.micros)
}

#[test]
fn a_time_is_read_and_written_back() {
    for (given, expected, back) in [
        (
            "1970-01-01T00:00:00.000000Z",
            0,
            "1970-01-01T00:00:00.000000Z",
        ),
        (
            "2026-11-21T08:46:00.123456Z",
            MORNING + 123_456,
            "2026-11-21T08:46:00.123456Z",
        ),
        (
            "2000-02-29T00:00:00Z",
            951_782_400_000_000,
            "2000-02-29T00:00:00.000000Z",
        ),
        (
            "0000-01-01T00:00:00Z",
            -62_167_219_200_000_000,
            "0000-01-01T00:00:00.000000Z",
        ),
        (
            "9999-12-31T23:59:59.999999Z",
            253_402_300_799_999_999,
            "9999-12-31T23:59:59.999999Z",
        ),
        ("253402300800", 253_402_300_800_000_000, "253402300800"),
        ("-62167219201", -62_167_219_201_000_000, "-62167219201"),
    ] {
        assert_eq!(micros(given), Some(expected), "{given}");
        assert_eq!(text(expected), back, "{given}");
    }
}

#[test]
fn a_time_may_have_many_forms() {
    for given in [
        "2026-11-21T08:46:00Z",
        "2026-11-21t08:46:00z",
        "2026-11-21 08:46:00Z",
        "2026-11-21 08:46:00",
        "2026-11-21 08:46:00,000",
        "2026-11-21 08:46:00 UTC",
        "2026-11-21 08:46:00 +00:00",
        "2026/11/21 08:46:00",
        "2026-11-21T09:46:00+01:00",
        "2026-11-21T09:46:00.000000+0100",
        "2026-11-21T09:46:00+01",
        "2026-11-21T06:16:00-02:30",
        "2026-11-21T01:46:00-0700",
        "1795250760",
        "1795250760.0",
        "1795250760000",
        "1795250760000000",
        "1795250760000000000",
        "21/Nov/2026:09:46:00 +0100",
        "Sat, 21 Nov 2026 09:46:00 +0100",
    ] {
        assert_eq!(micros(given), Some(MORNING), "{given}");
    }
    assert_eq!(micros("2026-11-21T08:46:00.5Z"), Some(MORNING + 500_000));
    assert_eq!(
        micros("2026-11-21T08:46:00.123456789Z"),
        Some(MORNING + 123_456)
    );
    assert_eq!(micros("1795250760.3270802"), Some(MORNING + 327_080));
    assert_eq!(micros("1795250760631.5"), Some(MORNING + 631_500));
    let unit = |text: &str, unit| parse(text.as_bytes(), Some(unit)).map(|time| time.micros);
    assert_eq!(unit("1500", Unit::Millis), Some(1_500_000));
    assert_eq!(unit("1500", Unit::Seconds), Some(1_500_000_000));
}

#[test]
fn a_time_without_an_offset_says_so() {
    let zoned = |text: &str| parse(text.as_bytes(), None).unwrap().zoned;
    assert!(zoned("2026-11-21 08:46:00Z") && zoned("1795250760"));
    assert!(!zoned("2026-11-21 08:46:00.5"));
}

#[test]
fn each_day_of_eight_hundred_years_comes_back() {
    for day in -200_000..100_000 {
        let time = day * 86_400_000_000 + 1;
        assert_eq!(micros(&text(time)), Some(time));
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "now",
        "2026-11-21",
        "2026-11-21T08:46:00.Z",
        "2026-11-21T08:46:00Zulu",
        "2026-11-21T08:46:00+1",
        "2026-11-21T08:46:00+01:",
        "2026-11-21T08:46:00+25:00",
        "2026-13-21T08:46:00Z",
        "2026-02-29T08:46:00Z",
        "2026-11-31T08:46:00Z",
        "2026-11-21T24:46:00Z",
        "+17",
        "17s",
        "1e9",
        "NaN",
        "1.",
        "2026-1é-21T08:46:00Z",
        "2026-11-21T08:46:0\u{660}Z",
        "9223372036854775807000",
        "99999999999999999999999",
    ] {
        assert_eq!(micros(text), None, "{text}");
    }
}

#[test]
fn the_first_time_of_a_prefix_is_found() {
    for prefix in [
        "[2026-11-21T08:46:00Z INFO shop] ",
        "2026-11-21T08:46:00.000Z  INFO shop: ",
        "[2026-11-21 08:46:00.000000 +00:00] INFO [shop] ",
        "[2026-11-21][08:46:00][shop][INFO] ",
        "2026-11-21T08:46:00.000000000Z stderr F ",
        "web-1 | 17 2026/11/21 08:46:00 main.go:7: 2027-01-01T00:00:00Z ",
    ] {
        let found = find(prefix.as_bytes()).map(|time| time.micros);
        assert_eq!(found, Some(MORNING), "{prefix}");
    }
    assert_eq!(find(b"INFO 17:46:00 12026-11-21T08:46:00Z "), None);
}

#[test]
fn a_time_may_be_typed() {
    let now = MORNING;
    assert_eq!(typed("15m", now), Some(MORNING - 900_000_000));
    assert_eq!(typed("-1h", now), Some(MORNING - 3_600_000_000));
    assert_eq!(typed("2026-11-21T08:46:00Z", now), Some(MORNING));
    assert_eq!(typed("soon", now), None);
    let zone = jiff::tz::TimeZone::system();
    let local = |text: &str| {
        let time: jiff::civil::DateTime = text.parse().unwrap();
        Some(
            time.to_zoned_datetime(zone.clone())
                .unwrap()
                .timestamp()
                .as_microsecond(),
        )
    };
    assert_eq!(typed("2026-11-21", now), local("2026-11-21T00:00:00"));
    assert_eq!(typed("2026-11-21 08:46", now), local("2026-11-21T08:46:00"));
    let today = jiff::Timestamp::from_microsecond(now)
        .unwrap()
        .to_zoned_datetime(zone.clone());
    assert_eq!(
        typed("08:46", now),
        local(&format!("{}T08:46:00", today.date()))
    );
}
