//! The exported class, in a browser: what needs no server.
#![cfg(all(target_arch = "wasm32", feature = "web"))]

use js_sys::Function;
use tim_wasm::js::Client;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// An instance whose output is collected in the array `globalThis.said`.
fn client(url: &str) -> Client {
    let collect = Function::new_with_args(
        "json",
        "globalThis.said = (globalThis.said || []).concat(JSON.parse(json))",
    );
    let options =
        format!(r#"{{"SDKAppID":1400000001,"url":"{url}","language":"en","version":"0"}}"#);
    match Client::new(&options, collect, JsValue::UNDEFINED) {
        Ok(client) => client,
        Err(error) => panic!("{error:?}"),
    }
}

/// What was said since the last look, as JSON.
fn said() -> String {
    let take = "const it = JSON.stringify(globalThis.said || []); globalThis.said = []; return it";
    Function::new_no_args(take).call0(&JsValue::NULL).unwrap().as_string().unwrap()
}

async fn refusal(client: &Client, method: &str, arguments: &str) -> String {
    let call = client.call(method.to_owned(), arguments.to_owned());
    JsFuture::from(call).await.unwrap_err().as_string().unwrap()
}

#[wasm_bindgen_test]
async fn calls_before_a_login_are_refused_and_reported() {
    let client = client("ws://127.0.0.1:9/im/ws");
    said();
    let error = refusal(&client, "getConversationList", "[]").await;
    assert!(error.starts_with(r#"{"code":2024,"#), "{error}");
    assert!(said().contains(r#""name":"error","data":{"code":2024,"#));
    assert_eq!((client.state(), client.login_user().as_str()), (0, ""));
}

#[wasm_bindgen_test]
async fn a_message_cannot_be_made_before_a_login() {
    let client = client("ws://127.0.0.1:9/im/ws");
    let error = client.create("createTextMessage", "[{}]").unwrap_err().as_string().unwrap();
    assert!(error.starts_with(r#"{"code":2024,"message":"createTextMessage: "#), "{error}");
}

#[wasm_bindgen_test]
async fn every_bad_login_has_its_code() {
    let client = client("ws://127.0.0.1:9/im/ws");
    for (arguments, code) in [
        ("[]", 2002),
        ("[null]", 2002),
        (r#"[{"userID":7,"userSig":"s"}]"#, 2002),
        (r#"[{"userID":"","userSig":"s"}]"#, 2002),
        (r#"[{"userID":"a b","userSig":"s"}]"#, 7003),
        (r#"[{"userID":"@TIM#x","userSig":"s"}]"#, 7003),
        (r#"[{"userID":"123456789012345678901234567890123","userSig":"s"}]"#, 7003),
        (r#"[{"userID":"alice"}]"#, 2003),
        (r#"[{"userID":"alice","userSig":""}]"#, 2003),
        ("not JSON", 6017),
    ] {
        let error = refusal(&client, "login", arguments).await;
        assert!(error.starts_with(&format!(r#"{{"code":{code},"#)), "{arguments}: {error}");
        assert_eq!(client.state(), 0, "{arguments}");
    }
}

#[wasm_bindgen_test]
async fn a_login_without_an_address_says_what_to_do() {
    let error = refusal(&client(""), "login", r#"[{"userID":"alice","userSig":"s"}]"#).await;
    assert!(error.starts_with(r#"{"code":2802,"#) && error.contains("proxyServer"), "{error}");
}

#[wasm_bindgen_test]
async fn an_unknown_call_is_refused() {
    let client = client("ws://127.0.0.1:9/im/ws");
    let error = client.create("createCoffee", "[]").unwrap_err().as_string().unwrap();
    assert!(error.starts_with(r#"{"code":2997,"#), "{error}");
}

#[wasm_bindgen_test]
fn malformed_options_are_refused() {
    for options in ["", "{}", r#"{"SDKAppID":"x"}"#, "[]"] {
        assert!(
            Client::new(options, Function::new_no_args(""), JsValue::UNDEFINED).is_err(),
            "{options}"
        );
    }
}
