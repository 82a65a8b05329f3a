//! What it means that the client's JSON reader and serde agree about a text.
//!
//! Where both read a value it is the same value, and what serde writes of it the client reads back.
//! Where only one of them reads, the reason must be one of the known ones, and the text must show it:
//!
//! - the client alone reads: a member twice (it takes the last), a required member that is absent (it
//!   takes the default), half a surrogate pair (it takes a replacement character);
//! - serde alone reads: nesting deeper than the client follows; an array in the place of an object and
//!   an object in the place of a name, two forms that its derives know besides the ones we write.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tim_protocol::json::{self, FromJson, Json};

/// Levels of nesting the client follows.
const DEPTH: usize = 64;

/// Both read the text as the same tree. Returns the client's.
pub fn same_tree(text: &str) -> Option<Json<'_>> {
    let tree = json::parse(text);
    match (&tree, serde_json::from_str::<Value>(text)) {
        (Some(tree), Ok(value)) => same_value(tree, &value),
        // serde wants numbers to fit its own; the client keeps digits.
        (Some(tree), Err(error)) => assert!(
            has_half_a_pair(text) || any(tree, &is_huge),
            "only the client reads it ({error}): {text}"
        ),
        (None, Ok(_)) => assert!(nesting(text) >= DEPTH, "only serde reads it: {text}"),
        (None, Err(_)) => {}
    }
    tree
}

fn same_value(tree: &Json<'_>, value: &Value) {
    match value {
        Value::Null => assert!(tree.is_null(), "{tree:?}"),
        Value::Bool(it) => assert_eq!(tree.raw(), if *it { "true" } else { "false" }),
        Value::Number(number) => {
            let digits = tree.as_number().expect("a number in both");
            match digits.parse::<i128>() {
                Ok(whole) if digits != "-0" && !number.is_f64() => {
                    assert_eq!(number.as_i128(), Some(whole));
                }
                _ => assert!(number.is_f64(), "{digits}"),
            }
        }
        Value::String(it) => assert_eq!(tree.as_str(), Some(it.as_str())),
        Value::Array(list) => {
            let elements = tree.as_list().expect("an array in both");
            assert_eq!(elements.len(), list.len());
            elements.iter().zip(list).for_each(|(one, other)| same_value(one, other));
        }
        Value::Object(members) => {
            assert!(tree.is_object(), "{tree:?}");
            assert!(tree.members().iter().all(|(name, _)| members.contains_key(&**name)));
            for (name, value) in members {
                same_value(tree.get(name).expect("a member in both"), value);
            }
        }
    }
}

/// Both read the text as the same `T`, given the client's tree of it. Returns what the client reads.
pub fn same<T>(text: &str, tree: Option<&Json<'_>>) -> Option<T>
where
    T: Serialize + DeserializeOwned + FromJson + PartialEq + Debug,
{
    let by_json = tree.and_then(|it| T::from_json(it).ok());
    match (by_json, serde_json::from_str::<T>(text)) {
        (Some(by_json), Ok(by_serde)) => {
            assert_eq!(by_json, by_serde, "{text}");
            let written = serde_json::to_string(&by_serde).expect("what was read can be written");
            assert_eq!(json::read::<T>(&written).as_ref(), Ok(&by_serde), "{text}");
            Some(by_json)
        }
        (Some(by_json), Err(error)) => {
            let written = serde_json::to_string(&by_json).expect("what was read can be written");
            let whole = json::parse(&written).expect("serde writes JSON");
            assert!(
                tree.is_some_and(|it| any(it, &has_a_member_twice) || lacks(it, &whole))
                    || has_half_a_pair(text),
                "only the client reads it ({error}): {text}"
            );
            Some(by_json)
        }
        (None, Ok(by_serde)) => {
            assert!(
                tree.map_or_else(|| nesting(text) >= DEPTH, has_another_form),
                "only serde reads it, as {by_serde:?}: {text}"
            );
            None
        }
        (None, Err(_)) => None,
    }
}

fn any(tree: &Json<'_>, is: &dyn Fn(&Json<'_>) -> bool) -> bool {
    is(tree)
        || tree.members().iter().any(|(_, it)| any(it, is))
        || tree.as_list().is_some_and(|list| list.iter().any(|it| any(it, is)))
}

fn is_huge(tree: &Json<'_>) -> bool {
    tree.as_number().is_some_and(|it| it.parse::<f64>().is_ok_and(f64::is_infinite))
}

fn has_a_member_twice(tree: &Json<'_>) -> bool {
    let members = tree.members();
    (1..members.len()).any(|at| members[..at].iter().any(|(name, _)| *name == members[at].0))
}

/// Whether the text misses a member that is there when the same value is written.
fn lacks(tree: &Json<'_>, written: &Json<'_>) -> bool {
    let pairs = tree.as_list().into_iter().flatten().zip(written.as_list().into_iter().flatten());
    written.members().iter().any(|(name, it)| tree.get(name).is_none_or(|own| lacks(own, it)))
        || pairs.into_iter().any(|(own, it)| lacks(own, it))
}

/// Whether somewhere an array stands for an object, or an object for a name.
fn has_another_form(tree: &Json<'_>) -> bool {
    const OBJECTS: [&str; 6] =
        ["message", "messageControlInfo", "profile", "settings", "last", "userProfile"];
    const NAMES: [&str; 6] =
        ["conversationType", "priority", "gender", "allowType", "adminForbidType", "type"];
    let is_list = |it: &Json<'_>| it.as_list().is_some();
    is_list(tree)
        || any(tree, &|it| {
            it.as_list().is_some_and(|list| list.iter().any(is_list))
                || it.members().iter().any(|(name, value)| {
                    OBJECTS.contains(&&**name) && is_list(value)
                        || NAMES.contains(&&**name) && value.is_object()
                })
        })
}

/// Whether the text spells a surrogate; it need not be half a pair for sure.
fn has_half_a_pair(text: &str) -> bool {
    let mut escapes = text.match_indices("\\u").map(|(at, it)| &text.as_bytes()[at + it.len()..]);
    escapes.any(|it| matches!(it, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]))
}

/// How many brackets are open at once, at most.
fn nesting(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => open += 1,
            b'}' | b']' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}
