//! What a call reads, found by trying: a member is taken away from the answer, and the endpoint is asked
//! again. This needs no knowledge of views, and cannot say other than what is so.

use super::{
    json::{Step, at, kind},
    replay::Subject,
};
use serde_json::{Map, Value, json};

/// The members that are read, as a sketch: `name` when the answer cannot be read without it, `name?`
/// when it can and the view differs; what is not named makes no difference.
pub(super) fn of(subject: &Subject<'_>, body: &Value) -> Value {
    below(subject, body, body, &mut Vec::new())
}

fn below(subject: &Subject<'_>, body: &Value, here: &Value, place: &mut Vec<Step>) -> Value {
    match here {
        Value::Object(members) => {
            let mut read = Map::new();
            for (name, value) in members {
                let without = changed(body, place, |value| {
                    value.as_object_mut().map(|members| members.remove(name));
                });
                let sign = match (subject.view(&without), subject.view(body)) {
                    (Err(_), _) => "",
                    (Ok(view), Ok(usual)) if view != usual => "?",
                    _ => continue,
                };
                place.push(Step::Member(name.clone()));
                read.insert(format!("{name}{sign}"), below(subject, body, value, place));
                place.pop();
            }
            Value::Object(read)
        }
        Value::Array(items) => {
            place.push(Step::Items);
            // Items differ in kind, and what is read of one may be missing in the next.
            let all = items.iter().map(|item| below(subject, body, item, place));
            let all = all.reduce(super::json::joined);
            place.pop();
            all.into_iter().collect()
        }
        Value::String(_) => {
            let other = changed(body, place, |value| *value = json!("SOMETHING_NEW"));
            let is_open = subject.view(&other).is_ok();
            json!(if is_open { "text" } else { "text, but only words known today" })
        }
        other => kind(other),
    }
}

fn changed(body: &Value, place: &[Step], mut change: impl FnMut(&mut Value)) -> Value {
    let mut copy = body.clone();
    at(&mut copy, place, &mut change);
    copy
}
