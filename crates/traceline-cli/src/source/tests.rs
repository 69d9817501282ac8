use super::*;

/// A stream that yields a few bytes at a time.
struct Drops(Vec<u8>, usize);

impl Read for Drops {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = self.1.min(self.0.len()).min(room.len());
        room[..len].copy_from_slice(&self.0[..len]);
        self.0.drain(..len);
        Ok(len)
    }
}

static GO_ON: AtomicBool = AtomicBool::new(false);

fn lines(text: &[u8], step: usize) -> Vec<(u64, String)> {
    let mut source = Source::stream("test", Box::new(Drops(text.to_vec(), step)));
    read(&mut source)
}

/// The lines, marked if they are not whole. What is whole can be read again.
fn read(source: &mut Source) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let each = |at, line: Line<'_>| {
        let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
        found.push(match line {
            Line::Whole(line) => (at, text(line)),
            Line::TooLong(line) => (at, format!("too long: {}", text(&line[..3]))),
            Line::Cut(line) => (at, format!("cut: {}", text(line))),
        });
    };
    source.lines(&GO_ON, each, |_| ()).unwrap();
    let whole = found.iter().filter(|(_, line)| !line.contains(": "));
    let spans = whole.clone().map(|(at, line)| Span {
        at: *at,
        len: line.len() as u32,
    });
    let again = source.again(&spans.collect::<Vec<_>>()).into_iter();
    for (again, (_, line)) in again.zip(whole) {
        assert_eq!(again.unwrap(), line.as_bytes());
    }
    found
}

fn found(all: &[(u64, &str)]) -> Vec<(u64, String)> {
    all.iter()
        .map(|(at, line)| (*at, (*line).to_owned()))
        .collect()
}

#[test]
fn lines_are_the_same_however_they_arrive() {
    let text = b"\xef\xbb\xbfone\ntwo\r\n\n\xef\xbb\xbfthree\nfour";
    let all = found(&[
        (3, "one"),
        (7, "two"),
        (12, ""),
        (13, "\u{feff}three"),
        (22, "cut: four"),
    ]);
    for step in 1..30 {
        assert_eq!(lines(text, step), all, "{step}");
    }
}

#[test]
fn the_objects_of_a_document_are_the_same_however_they_arrive() {
    let array = br#" [ {"a": "]}\"{"},
 {"b":[{}]} , 7, ["c"] ]
"#;
    let objects = b"{\n \"a\": 1\n}\n{\n \"b\": {\n}}\n{\n";
    for step in 1..40 {
        let all = found(&[
            (3, r#"{"a": "]}\"{"}"#),
            (20, r#"{"b":[{}]}"#),
            (36, r#"["c"]"#),
        ]);
        assert_eq!(lines(array, step), all, "{step}");
        let all = found(&[
            (0, "{\n \"a\": 1\n}"),
            (12, "{\n \"b\": {\n}}"),
            (25, "cut: {\n"),
        ]);
        assert_eq!(lines(objects, step), all, "{step}");
    }
}

#[test]
fn a_prefix_in_brackets_begins_no_array() {
    let text = b"[2026-11-21T08:46:00Z INFO] a\n[x] b\n";
    let all = found(&[(0, "[2026-11-21T08:46:00Z INFO] a"), (30, "[x] b")]);
    assert_eq!(lines(text, 100), all);
}

#[test]
fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
    let mut text = vec![b'x'; LONGEST_LINE + (3 << 20)];
    text.extend(b"\nnext\n");
    let at = text.len() as u64 - 5;
    assert_eq!(
        lines(&text, 1 << 20),
        found(&[(0, "too long: xxx"), (at, "next")])
    );
    let mut text = b"[{\"".to_vec();
    text.extend(vec![b'x'; LONGEST_LINE + (3 << 20)]);
    text.extend(b"\":[]},{}]");
    let at = text.len() as u64 - 3;
    assert_eq!(
        lines(&text, 1 << 20),
        found(&[(1, "too long: {\"x"), (at, "{}")])
    );
}

#[test]
fn a_line_that_is_gone_is_an_error() {
    let source = Source::stream("test", Box::new(io::empty()));
    for at in [0, u64::MAX] {
        assert!(source.again(&[Span { at, len: 1 }])[0].is_err());
    }
}

#[test]
fn what_is_compressed_is_read_as_if_it_were_not() {
    use std::io::Write;
    let text = b"one\ntwo\nthree\n".repeat(1_000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&text).unwrap();
    let gzip = gzip.finish().unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let frame = |text: &[u8]| ruzstd::encoding::compress_to_vec(text, level);
    let plain = lines(&text, 1 << 20);
    for packed in [
        [gzip.clone(), gzip].concat(),
        // A frame between that holds something else.
        [
            frame(&text),
            b"\x50\x2a\x4d\x18\x03\0\0\0odd".to_vec(),
            frame(&text),
        ]
        .concat(),
    ] {
        assert_eq!(lines(&packed, 1_000)[..3_000], plain);
        let path =
            std::env::temp_dir().join(format!("traceline-{}-{}", std::process::id(), packed[0]));
        std::fs::write(&path, &packed).unwrap();
        let mut source = Source::open(&path).unwrap();
        assert_eq!(read(&mut source).len(), 6_000);
        let spans = [
            Span { at: 4, len: 3 },
            Span { at: 0, len: 3 },
            Span { at: 4, len: 3 },
            Span {
                at: 1 << 40,
                len: 1,
            },
        ];
        let again = source.again(&spans).into_iter().map(Result::ok);
        let texts = [
            Some(b"two".to_vec()),
            Some(b"one".to_vec()),
            Some(b"two".to_vec()),
            None,
        ];
        assert_eq!(again.collect::<Vec<_>>(), texts);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn kinds_of_files_that_are_not_read_are_named() {
    for (bytes, error) in [
        (
            &b"\xff\xfea\0"[..],
            "UTF-16, not UTF-8: use `iconv -f UTF-16 -t UTF-8 FILE | traceline`",
        ),
        (
            b"t\0s\0=\0\x31\0",
            "UTF-16, not UTF-8: use `iconv -f UTF-16 -t UTF-8 FILE | traceline`",
        ),
        (
            b"BZh91AY",
            "compressed with bzip2: use `bzip2 -dc FILE | traceline`",
        ),
    ] {
        let mut source = Source::stream("test", Box::new(Drops(bytes.to_vec(), 1)));
        let found = source.lines(&GO_ON, |_, _| (), |_| ()).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn a_stream_that_waits_ends_when_told_to() {
    let (reader, mut writer) = io::pipe().unwrap();
    io::Write::write_all(&mut writer, b"one\ntw").unwrap();
    let mut source = Source::stream("test", Box::new(reader));
    let (stop, mut found) = (AtomicBool::new(false), Vec::new());
    let each = |_, line: Line<'_>| {
        found.push(format!("{line:?}"));
        stop.store(true, Ordering::Relaxed);
    };
    // The writer is still there, so the stream would never end by itself.
    source.lines(&stop, each, |_| ()).unwrap();
    assert_eq!(found, ["Whole([111, 110, 101])", "Cut([116, 119])"]);
    drop(writer);
}
