//! Feature `uuid`.

use traceline::{
    Config,
    ids::{TraceId, TraceParent},
};
use uuid::Uuid;

use crate::util::{json_line, logfmt_line, record};

const ORDER: Uuid = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);

#[test]
fn a_uuid_is_text_with_hyphens() {
    let set = |trace: &mut traceline::Trace| {
        trace
            .set("id", ORDER)
            .set("ids", [ORDER, Uuid::nil()])
            .set("none", None::<Uuid>);
    };
    let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let nil = "00000000-0000-0000-0000-000000000000";
    assert_eq!(
        record(Config::builder(), set),
        logfmt_line(&format!(r#"id={text} ids="[\"{text}\",\"{nil}\"]""#))
    );
    let json = Config::builder().format(traceline::Format::Json);
    assert_eq!(
        record(json, set),
        json_line(&format!(r#""id":"{text}","ids":["{text}","{nil}"]"#))
    );
}

/// A UUID made only of digits is not a number.
#[test]
fn a_uuid_of_digits_is_text_too() {
    let digits = Uuid::from_u128(0x11111111_1111_1111_1111_111111111111);
    let line = record(Config::builder(), |trace| _ = trace.set("id", digits));
    assert_eq!(line, logfmt_line("id=11111111-1111-1111-1111-111111111111"));
}

#[test]
fn a_uuid_is_the_id_of_a_transaction_and_back() {
    let id = TraceId::try_from(ORDER).unwrap();
    assert_eq!(id.to_string(), ORDER.simple().to_string());
    assert_eq!(Uuid::from(id), ORDER);
    let nil = TraceId::try_from(Uuid::nil()).unwrap_err();
    assert_eq!(
        nil.to_string(),
        "00000000000000000000000000000000"
            .parse::<TraceId>()
            .unwrap_err()
            .to_string()
    );

    let span = "00f067aa0ba902b7".parse().unwrap();
    let line = record(Config::builder(), |trace| {
        trace.continue_from(TraceParent::new(id, span, true, false));
    });
    assert!(
        line.contains(" trace_id=67e5504410b1426f9247bb680e5fe0c8 "),
        "{line}"
    );
}
