//! One answer of a running BFF against its contract.

use super::ask::Reply;
use serde_json::Value;
use xtask::audit::{Contract, Rule};

/// What is wrong, and what to do.
pub(crate) type Complaint = (Rule, String, &'static str);

const RELEASE: &str = "release the BFF that these contracts are of, or repair it";

/// Headers of every answer; members and size of good ones.
pub(crate) fn check(contract: &Contract, reply: &Reply) -> Vec<Complaint> {
    let mut found = Vec::new();
    let schema = if reply.status == 200 { &contract.schema } else { "problem/1" };
    let said = reply.header("x-schema-version").unwrap_or("nothing");
    if said != schema {
        found.push((Rule::Contract, format!("X-Schema-Version is {said}, not {schema}"), RELEASE));
    }
    found.extend(cache_control(contract, reply));
    if reply.status != 200 {
        return found;
    }
    let mut body = reply.json();
    let meta = body.as_object_mut().and_then(|body| body.remove("meta"));
    if meta.is_none() {
        found.push((Rule::Contract, "the answer has no `meta`".to_owned(), RELEASE));
    }
    let mut complaints = Vec::new();
    compare(&body, &contract.shape, "", &mut complaints);
    found.extend(complaints.into_iter().map(|what| (Rule::NoView, what, RELEASE)));
    if let Some(budget) = contract.payload_budget_bytes.filter(|most| reply.body.len() > *most) {
        let what = format!("{} bytes, more than the promised {budget}", reply.body.len());
        found.push((Rule::PayloadBudget, what, "send less, or promise more"));
    }
    found
}

fn cache_control(contract: &Contract, reply: &Reply) -> Option<Complaint> {
    let said = reply.header("cache-control").unwrap_or_default();
    let what = if said.is_empty() {
        "there is no Cache-Control".to_owned()
    } else if said.contains("public") && !contract.may_be_public() {
        format!("Cache-Control is {said}, and the answer is not for everybody")
    } else if (reply.status != 200 || reply.header("degraded").is_some()) && said != "no-store" {
        format!("Cache-Control is {said} on a problem or a degraded answer")
    } else {
        return None;
    };
    Some((Rule::Contract, what, RELEASE))
}

/// Members that are there and not declared, or declared and not there.
fn compare(value: &Value, contract: &Value, path: &str, complaints: &mut Vec<String>) {
    match (value, contract) {
        (Value::Object(members), Value::Object(declared)) => {
            for (name, value) in members {
                let place = format!("{path}/{name}");
                match declared.get(name).or_else(|| declared.get(&format!("{name}?"))) {
                    Some(contract) => compare(value, contract, &place, complaints),
                    None => complaints.push(format!("{place} is not in the contract")),
                }
            }
            for name in declared.keys().filter(|name| !name.ends_with('?')) {
                if !members.contains_key(name) {
                    complaints.push(format!("{path}/{name} is missing"));
                }
            }
        }
        (Value::Array(items), Value::Array(declared)) => {
            for (item, contract) in items.iter().zip(declared.iter().cycle()) {
                compare(item, contract, &format!("{path}/*"), complaints);
            }
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {
            complaints.push(format!("{path} is of another kind than in the contract"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;
    use super::{check, compare};
    use serde_json::json;
    use xtask::audit::Contract;

    /// What is found in an answer with these headers, of a home screen that may have 50 KB.
    fn found(status: u16, headers: &[(&str, &str)], padding: usize) -> String {
        let contract: Contract = serde_json::from_value(json!({
            "endpoint": "GET /mobile/v1/home",
            "schema": "mobile.home/1",
            "audience": "shared",
            "access": "credential",
            "payloadBudgetBytes": 51_200,
            "shape": {"user": "text"},
        }))
        .unwrap();
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let body = json!({"user": "x".repeat(padding), "meta": {}}).to_string().into_bytes();
        let found = check(&contract, &Reply { status, headers, body });
        let lines = found.iter().map(|(rule, what, _)| format!("{}: {what}", rule.name()));
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn headers_and_size_are_compared_with_what_was_promised() {
        let version = ("x-schema-version", "mobile.home/1");
        let private = ("cache-control", "private, max-age=30");
        assert_eq!(found(200, &[version, private], 1), "");
        let problem = ("x-schema-version", "problem/1");
        assert_eq!(found(503, &[problem, ("cache-control", "no-store")], 1), "");

        let kept =
            "contract: Cache-Control is private, max-age=30 on a problem or a degraded answer";
        assert_eq!(found(503, &[problem, private], 1), kept);
        assert_eq!(found(200, &[version, private, ("degraded", "x")], 1), kept);
        let cases = [
            (vec![version], 1, "contract: there is no Cache-Control"),
            (vec![private], 1, "contract: X-Schema-Version is nothing, not mobile.home/1"),
            (
                vec![version, ("cache-control", "public, max-age=9")],
                1,
                "contract: Cache-Control is public, max-age=9, and the answer is not for everybody",
            ),
            (
                vec![version, private],
                51_200,
                "payload-budget: 51221 bytes, more than the promised 51200",
            ),
        ];
        for (headers, padding, complaint) in cases {
            assert_eq!(found(200, &headers, padding), complaint);
        }
    }

    #[test]
    fn what_is_too_much_too_little_or_something_else_is_found() {
        let contract = json!({"a": "text", "b?": "text", "c": [{"d": "whole number"}]});
        let cases = [
            (json!({"a": "x", "c": []}), ""),
            (json!({"a": "x", "b": "y", "c": [{"d": 1}, {"d": 2}]}), ""),
            (json!({"a": "x", "c": [{"d": 1}, {"d": 2, "e": 3}]}), "/c/*/e is not in the contract"),
            (json!({"c": []}), "/a is missing"),
            (json!({"a": {}, "c": []}), "/a is of another kind than in the contract"),
        ];
        for (answer, complaint) in cases {
            let mut found = Vec::new();
            compare(&answer, &contract, "", &mut found);
            assert_eq!(found.join(", "), complaint, "{answer}");
        }
    }
}
