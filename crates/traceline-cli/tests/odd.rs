//! Input that is cut, changed or made up is survived by every reader, and what is read is found again.

use std::ffi::OsString;
use std::io::{Cursor, Write};
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use traceline_cli::args::Args;
use traceline_cli::detail::read_all;
use traceline_cli::index::Index;
use traceline_cli::query::Query;
use traceline_cli::source::Source;
use traceline_cli::{Names, duration, time};

/// Reads bytes as a file. Every unit is found again by its place.
fn read(bytes: Vec<u8>) -> Index {
    let args = Args::parse([] as [OsString; 0], 0).unwrap();
    let mut sources = [Source::stream("in", Box::new(Cursor::new(bytes)))];
    let stop = AtomicBool::new(false);
    let index = Index::read(&mut sources, &args.names, &args.filter, &stop, |_| ());
    let all: Vec<usize> = (0..index.units.len()).collect();
    let details = read_all(&index, &all, &sources, &args.names);
    assert!(details.iter().all(|detail| detail.found));
    index
}

const FILES: [&str; 8] = [
    "docker.log",
    "cri.log",
    "journal.log",
    "loki_query.json",
    "array.json",
    "pretty.json",
    "google.log",
    "tracing.log",
];

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/foreign/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    ruzstd::encoding::compress_to_vec(bytes, level)
}

proptest! {
    #[test]
    fn files_that_are_cut_or_changed(
        which in 0..FILES.len(), cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = file(FILES[which]);
        bytes.truncate(cut.index(bytes.len()) + 1);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(bytes);
    }

    #[test]
    fn compressed_files_that_are_cut_or_changed(
        is_gzip in any::<bool>(), cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let lines = file("docker.log").repeat(20);
        let whole = if is_gzip { gzip(&lines) } else { zstd(&lines) };
        let units = read(whole.clone()).units.len();
        prop_assert_eq!(units, 40);
        let cut = read(whole[..cut.index(whole.len())].to_vec());
        // What is missing is told, unless nothing is left that could tell.
        prop_assert!(cut.units.len() <= units);
        let mut changed = whole.clone();
        let at = 4 + at.index(changed.len() - 4);
        let is_same = changed[at] == byte;
        changed[at] = byte;
        let changed = read(changed);
        prop_assert!(is_same || changed.units.len() == units || !changed.failed.is_empty());
    }

    #[test]
    fn queries_are_refused_or_answered(
        words in prop::collection::vec("(status|a|\\(|\\)|and|or|not|!|=|==|~|!~|<=|>|/|\"|'|\\\\|500|1ms|x y| )", 0..12),
        line in "(msg=a |duration_ms=1 |status=[0-9]{3} |a=\"[a-z \\\\]{0,4}\" ){0,6}",
    ) {
        if let Ok(query) = Query::parse(&words.concat()) {
            query.meets(line.as_bytes(), &Names::default());
        }
    }

    #[test]
    fn times_and_durations_of_any_form(text in "[0-9TZ:. +,/a-zµ-]{0,40}", number in any::<i64>()) {
        for text in [text, number.to_string()] {
            if let Some(read) = time::parse(text.as_bytes(), None) {
                prop_assert!(read.micros.unsigned_abs() < 1 << 61);
                time::text(read.micros);
            }
            time::find(text.as_bytes());
            time::typed(&text, number);
            if let Some(micros) = duration::with_unit(text.as_bytes()) {
                prop_assert!(micros <= 4_000_000_000_000_000);
            }
            duration::typed(&text);
        }
    }
}
