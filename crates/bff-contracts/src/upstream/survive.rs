//! What services do to their answers without asking anybody: the call must read those too.

use super::{
    json::{everywhere, only},
    replay::Subject,
};
use serde_json::{Value, json};

/// Reads the answer with members added, with only those that are read, without those that may be
/// missing, and with empty lists.
///
/// # Errors
/// What cannot be read, or makes a difference that it must not make.
pub(super) fn check(subject: &Subject<'_>, body: &Value, reads: &Value) -> Result<(), String> {
    let usual = subject.view(body).map_err(|why| why.to_string())?;
    let mut more = body.clone();
    everywhere(&mut more, &mut |value| {
        if let Value::Object(members) = value {
            // Not in what is added, which has no end.
            if !members.contains_key("n") {
                members.insert("addedLater".to_owned(), json!({ "n": [1, null, "x"] }));
            }
        }
    });
    let same = [("members are added", more), ("unread members are gone", only(body, reads))];
    let mut scarce = only(body, &needed(reads));
    let without = scarce.clone();
    everywhere(&mut scarce, &mut |value| {
        if let Value::Array(items) = value {
            items.clear();
        }
    });
    let other = [("optional members are missing", without), ("lists are empty", scarce)];
    for (when, body) in &same {
        match subject.view(body) {
            Ok(view) if view == usual => {}
            Ok(_) => return Err(format!("when {when}, the view is another one")),
            Err(why) => return Err(format!("when {when}: {why}")),
        }
    }
    for (when, body) in &other {
        subject.view(body).map_err(|why| format!("when {when}: {why}"))?;
    }
    Ok(())
}

/// Without what may be missing.
fn needed(reads: &Value) -> Value {
    match reads {
        Value::Object(members) => {
            let sure = members.iter().filter(|(name, _)| !name.ends_with('?'));
            Value::Object(sure.map(|(name, reads)| (name.clone(), needed(reads))).collect())
        }
        Value::Array(items) => items.iter().map(needed).collect(),
        other => other.clone(),
    }
}
