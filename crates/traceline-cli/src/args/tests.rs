use super::*;

fn parse(line: &str) -> Result<Args, Ended> {
    let now = 1_795_250_760_000_000;
    Args::parse(line.split_whitespace().map(OsString::from), now)
}

#[test]
fn options_are_read() {
    let args = parse(
        "a.log --slower 100ms --outcome error,panic --where status>=500 --where a=1 --top=3 - --trace 17 --since 15m",
    )
    .unwrap();
    assert_eq!(args.files, [PathBuf::from("a.log"), PathBuf::from("-")]);
    assert_eq!(args.filter.slower, Some(100_000));
    assert_eq!(args.filter.outcomes, [Outcome::Error, Outcome::Panic]);
    assert_eq!(args.filter.since, Some(1_795_249_860_000_000));
    assert!(
        args.filter
            .query
            .meets(b"msg=a duration_ms=1 status=500 a=1", &args.names)
    );
    assert!(
        !args
            .filter
            .query
            .meets(b"msg=a duration_ms=1 status=500 a=2", &args.names)
    );
    assert_eq!((args.top, args.max_units), (3, 2_000));
    assert_eq!(args.view, View::Trace("17".into()));
    assert_eq!(parse("--color never").unwrap().color, Some(false));
    assert_eq!(
        args.filter_text,
        "--slower 100ms --outcome error,panic --where status>=500 --where a=1 --since 15m"
    );
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (line, error) in [
        ("--slow", "error: unexpected argument '--slow' found"),
        (
            "--top",
            "error: a value is required for '--top <N>' but none was supplied",
        ),
        (
            "--top x",
            "error: invalid value 'x' for '--top <N>': invalid digit found in string",
        ),
        (
            "--slower soon",
            "error: invalid value 'soon' for '--slower <TIME>': `soon` is no time such as 100ms or 1.5s",
        ),
        (
            "--outcome bad",
            "error: invalid value 'bad' for '--outcome <LIST>': `bad` is not one of ok error panic cancelled none other",
        ),
        (
            "--outcome ok,",
            "error: invalid value 'ok,' for '--outcome <LIST>': `ok,` has an empty word",
        ),
        (
            "--where (a",
            "error: invalid value '(a' for '--where <CONDITION>': a bracket that does not end",
        ),
        (
            "--names ts",
            "error: invalid value 'ts' for '--names <LIST>': `ts` is not of the form name=other",
        ),
        (
            "--since soon",
            "error: `soon` for --since is no time such as 2026-11-21T08:46Z, 08:46 or 15m",
        ),
        (
            "--unit 1 --slowest",
            "error: only one of --unit, --trace, --slowest and -i at a time",
        ),
    ] {
        let ended = parse(line).unwrap_err();
        assert_eq!(ended.text.lines().next(), Some(error), "{line}");
        assert_eq!(ended.status, 2);
    }
}

#[test]
fn help_completions_and_the_manual_page_are_texts() {
    for (line, part) in [
        ("--help", "--max-units <N>"),
        ("-h", "--interactive"),
        ("--version", "traceline 0."),
        ("--completions bash", "complete -F _traceline"),
        ("--completions zsh", "#compdef traceline"),
        ("--completions fish", "complete -c traceline"),
        ("--man", ".TH traceline 1"),
    ] {
        let ended = parse(line).unwrap_err();
        assert!(ended.text.contains(part), "{line} {}", ended.text);
        assert_eq!(ended.status, 0);
    }
}
