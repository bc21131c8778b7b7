//! The page of documents that other tests do not have: hostile, empty, and going in circles.

use super::*;
use serde_json::json;

#[test]
fn nothing_that_a_document_says_is_markup() {
    let evil = "<img src=x onerror=alert(1)>\"'";
    let document = json!({
        "info": { "title": evil, "version": evil, "description": evil },
        "components": {
            "schemas": { evil: { "properties": { evil: { "type": evil, "description": evil } } } },
            "securitySchemes": { evil: { "type": "apiKey", "in": "header", "name": evil } },
        },
        "paths": { evil: { "post": {
            "operationId": evil, "summary": evil, "x-evil": evil,
            "security": [{ evil: [evil] }],
            "parameters": [{ "name": evil, "in": "header", "required": true, "description": evil,
                "schema": { "enum": [evil], "const": evil } }],
            "requestBody": { "content": { evil: { "schema": { "const": evil } } } },
            "responses": {
                "200": { "description": evil, "headers": { evil: { "description": evil } },
                    "content": { evil: { "schema": { "$ref": format!("#/components/schemas/{evil}") } } } },
                "500": { "description": evil, "headers": { evil: {} },
                    "content": { evil: { "schema": { "$ref": format!("#/components/schemas/{evil}") } } } },
            },
        } } },
    });
    let page = reference(&document);
    assert!(page.contains("&lt;img src=x"), "{page}");
    assert!(!page.contains("<img") && !page.contains(evil), "{page}");
    let attributes = page.split("=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let breaks_out = |text: &str| text.contains(['<', '>', '\'']);
    assert!(attributes.clone().count() > 10);
    assert_eq!(attributes.filter(|text| breaks_out(text)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_document_without_anything_and_one_in_circles_are_pages() {
    assert!(reference(&json!(null)).ends_with("</html>"));
    let node = json!({ "properties": { "next": { "$ref": "#/components/schemas/Node" } } });
    let answer = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Node" } } } });
    let document = json!({
        "components": { "schemas": { "Node": node, "Loop": { "$ref": "#/components/schemas/Loop" } } },
        "paths": { "/a": { "get": { "responses": { "200": answer } } } },
    });
    let page = reference(&document);
    assert!(page.contains("<h2><b class=\"method\">GET</b>") && page.len() < 100_000, "{page}");
}

#[test]
fn an_example_is_a_line_that_a_shell_takes() {
    let document = json!({
        "components": { "securitySchemes": {
            "session": { "type": "apiKey", "in": "cookie", "name": "__Host-session" },
        } },
        "security": [{ "session": [] }],
        "paths": { "/carts/{id}": { "post": {
            "parameters": [
                { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                { "name": "X-CSRF", "in": "header", "required": true, "schema": { "const": "1" } },
                { "name": "debug", "in": "query", "schema": { "type": "boolean" } },
            ],
            "requestBody": { "content": { "application/json": { "schema": { "type": "object", "properties": {
                "why": { "const": "it's" }, "units": { "type": "integer" },
            } } } } },
        } } },
    });
    let document = Document(&document);
    let operation = document.operations().next().expect("there is one");
    assert_eq!(
        curl::example(&operation),
        "curl -X POST \"$BFF/carts/$ID\" \\\n  -d '{\"units\":1,\"why\":\"it'\\''s\"}' \\\n  \
         -H \"Cookie: __Host-session=$SESSION\" \\\n  -H \"X-CSRF: 1\" \\\n  -H \"Content-Type: application/json\""
    );
}
