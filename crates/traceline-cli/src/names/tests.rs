use super::*;

#[test]
fn every_name_of_every_schema_is_known() {
    let names = Names::default();
    for schema in traceline::config::schema_tables() {
        for (name, text) in schema.names {
            if let Some((_, role)) = DEFAULTS.iter().find(|(default, _)| *default == name) {
                // Datadog's `status` is the level.
                let found = names.role(text.as_bytes());
                let is_level = text == "status" && *role == Role::Level;
                assert!(found == *role || is_level, "{name} {text} {found:?}");
            }
        }
    }
}

#[test]
fn keys_are_found_and_nothing_else() {
    let names = Names::default();
    assert_eq!(names.role(b"ts"), Role::Time);
    assert_eq!(names.role(b"http.response.status_code"), Role::Status);
    assert_eq!(names.role(b"elapsed_us"), Role::Duration);
    assert_eq!(names.find(b"elapsed_us").unwrap().unit, Some(Unit::Micros));
    assert!(names.find(b"http").unwrap().opens);
    assert!(names.find(b"error").unwrap().opens);
    for key in ["", "x", "tS", "level_2", "msgs", "duration_parsecs"] {
        assert!(names.find(key.as_bytes()).is_none(), "{key}");
    }
}

#[test]
fn a_given_name_is_read_besides_the_usual_ones() {
    let names = Names::parse("ts=when:ms,duration_ms=a:b:us,level=log.grade").unwrap();
    assert_eq!(names.find(b"when").unwrap().unit, Some(Unit::Millis));
    assert_eq!(names.find(b"a:b").unwrap().unit, Some(Unit::Micros));
    assert_eq!(names.role(b"log.grade"), Role::Level);
    assert_eq!(names.role(b"level"), Role::Level);
}

#[test]
fn a_given_name_keeps_the_unit_that_it_is_known_for() {
    let names = Names::parse("duration_ms=event.duration,span_id=dd.span_id").unwrap();
    assert_eq!(
        names.find(b"event.duration").unwrap().unit,
        Some(Unit::Nanos)
    );
    assert!(names.find(b"dd.span_id").unwrap().decimal);
    let names = Names::parse("duration_ms=event.duration:s").unwrap();
    assert_eq!(
        names.find(b"event.duration").unwrap().unit,
        Some(Unit::Seconds)
    );
}

#[test]
fn names_that_make_no_sense_are_refused() {
    let error = |list| Names::parse(list).unwrap_err();
    assert_eq!(error("ts"), "`ts` is not of the form name=other");
    assert_eq!(error("ts="), "`ts=` is not of the form name=other");
    assert_eq!(error("ts=a,msg=a"), "`a` is there twice");
    assert_eq!(error("ts=a:x"), "`a:x` does not end with ns us ms s m or h");
    assert_eq!(error("ts=:ms"), "`:ms` has no name before its unit");
    assert_eq!(
        error("time=t"),
        "`time` is not one of ts level msg service trace_id span_id parent_id outcome duration_ms status error panic fragments sample_rate partial"
    );
}

#[test]
fn keys_are_spread_well() {
    let names = Names::default();
    let mut longest = 0;
    for slot in 0..SLOTS {
        let (mut at, mut len) = (names.slots[slot], 0);
        while at != 0 {
            (at, len) = (names.known[usize::from(at) - 1].next, len + 1);
        }
        longest = longest.max(len);
    }
    assert!(longest <= 6, "{longest}");
}
